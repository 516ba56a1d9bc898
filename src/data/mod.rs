//! Images: MNIST, drawn digits, PNG files.
