//! People, end to end within the domain: facts in, lists out, on the store that ships.

#[cfg(test)]
mod deeds;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod ingest;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod measure;
#[cfg(test)]
mod search;
#[cfg(test)]
mod support;
#[cfg(test)]
mod walk;
