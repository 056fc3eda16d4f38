//! People, end to end within the domain: facts in, lists out, on the store that ships.

mod identity;
mod ingest;
mod lists;
mod measure;
mod support;
mod walk;
