//! The golden software model.
