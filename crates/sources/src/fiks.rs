//! KS Fiks: which municipalities have activated Digisos on it, and the quarterly invoice, the nearest thing to usage
//! per municipality that the platform hands out.

pub mod activation;
pub mod invoice;

pub use activation::without_contacts;
