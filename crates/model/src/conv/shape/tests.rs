//! Sizes and windows by hand.

use super::*;

#[test]
fn sizes_are_checked() {
    assert_eq!(Plane::new(3, 2, vec![0; 6]).map(|plane| (plane.width, plane.height)), Ok((3, 2)));
    for (width, height, words) in [(3, 2, 5), (0, 2, 0), (2, 0, 0), (usize::MAX, 2, 2)] {
        let error = Plane::new(width, height, vec![0; words]).unwrap_err();
        assert_eq!(error, ShapeError::Plane { width, height, words });
    }
    assert_eq!(Kernel::new(7, vec![0; 49]).map(|kernel| kernel.side), Ok(7));
    for (side, words) in [(0, 0), (8, 64), (3, 8), (3, 10)] {
        let error = Kernel::new(side, vec![0; words]).unwrap_err();
        assert_eq!(error, ShapeError::Kernel { side, words });
    }
}

#[test]
fn output_sizes() {
    assert_eq!(output_size(28, 28, 5), Ok((24, 24)));
    assert_eq!(output_size(4, 6, 4), Ok((1, 3)));
    for (width, height, side) in [(4, 4, 5), (9, 4, 5), (4, 9, 5), (4, 4, 0)] {
        let error = ShapeError::KernelTooLarge { side, width, height };
        assert_eq!(output_size(width, height, side), Err(error));
    }
}

#[test]
fn windows_are_row_major() {
    let plane = Plane::new(4, 3, (0..12).collect()).unwrap();
    assert_eq!(plane.window(1, 1, 2), [5, 6, 9, 10]);
    assert_eq!(plane.window(1, 0, 3), [1, 2, 3, 5, 6, 7, 9, 10, 11]);
}

#[test]
#[should_panic(expected = "columns 3..5 of 4")]
fn a_window_does_not_wrap_around_a_row() {
    Plane::new(4, 3, vec![0; 12]).unwrap().window(3, 0, 2);
}
