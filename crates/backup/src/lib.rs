//! Reads the encrypted backup that WhatsApp for Android keeps of its messages (`msgstore.db.crypt15`): the domain's port
//! `Backups`.
//!
//! Such a file is the most hostile input there is: gigabytes of somebody's bytes, decompressed, and then opened as a
//! database. So: the tag is verified before a byte is decompressed ([`crypt15`]); the plain file is bounded, readable by
//! nobody else, and gone when the import is ([`unseal`]); and the database is read through an authorizer that knows nothing
//! but plain tables ([`msgstore`]).
//!
//! The file's form is that of the project `wa-crypt-tools`, which is where WhatsApp's format is documented; the tables are
//! those the program WhatsApp-Chat-Exporter reads.

mod crypt15;
mod fault;
mod gcm;
mod kept;
mod kinds;
mod message;
mod msgstore;
mod tables;
mod unseal;

pub use kept::KeptBackups;
