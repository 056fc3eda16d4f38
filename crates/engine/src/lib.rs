//! The only crate that names the WhatsApp client library.
mod convert;
mod device_store;
