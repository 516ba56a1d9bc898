// SPDX-License-Identifier: MIT OR Apache-2.0
//! Mosaics of a network's maps, and contact sheets.

use std::path::Path;

use model::conv::Plane;
use model::nn::{Inference, Network};
use study::report::pictures::{ContactSheet, NetworkMosaic};

/// Planes of LeNet-5's shapes with words that depend on `seed`.
fn inference(network: &Network, seed: i32) -> Inference {
    let shapes = network.shapes().unwrap();
    let planes = |shape: &model::nn::Shape| {
        let plane = |channel: usize| {
            let words = (0..shape.height * shape.width)
                .map(|i| (i as i32 % shape.width as i32 * seed + channel as i32 * 7) % 97);
            Plane::new(shape.width, shape.height, words.collect()).unwrap()
        };
        (0..shape.channels).map(plane).collect()
    };
    Inference { activations: shapes[1..].iter().map(planes).collect(), ..Inference::default() }
}

fn mosaic(rows: &[(String, Inference)], network: &Network) -> Vec<u8> {
    let mut png = Vec::new();
    NetworkMosaic::new(network, rows).unwrap().write_png(&mut png).unwrap();
    png
}

#[test]
fn a_mosaic_has_a_row_a_configuration() {
    let network = Network::read(Path::new("../../testvectors/networks/lenet5_relu.json")).unwrap();
    let row = |name: &str, seed| (name.to_owned(), inference(&network, seed));
    let both = [row("exact", 3), row("tau=0.5", 5)];
    let size = |png: &[u8]| {
        let picture = image::load_from_memory(png).unwrap();
        (picture.width(), picture.height())
    };
    let (two, one) = (mosaic(&both, &network), mosaic(&both[..1], &network));
    assert_eq!(size(&two).0, size(&one).0);
    assert!(size(&two).1 > size(&one).1);
    assert_eq!(two, mosaic(&both, &network), "the same bytes twice");
    assert!(NetworkMosaic::new(&network, &[]).is_none());
}

#[test]
fn a_contact_sheet_has_room_for_every_image() {
    let sheet = |count: usize| {
        let mut sheet = ContactSheet::default();
        for index in 0..count {
            let pixels = std::array::from_fn(|i| ((i % 28) * 9 * (index + 1) % 256) as u8);
            let caption = [format!("#{index} is 5"), "exact 5, approx 3".to_owned()];
            sheet.add(&pixels, &caption);
        }
        let mut png = Vec::new();
        sheet.write_png(4, &mut png).unwrap();
        image::load_from_memory(&png).unwrap()
    };
    assert_eq!(sheet(4).height(), sheet(1).height());
    assert_eq!(sheet(5).width(), sheet(4).width());
    assert!(sheet(5).height() > sheet(4).height());
    assert!(sheet(0).height() > 0);
}
