//! What is particular to SQLite here: group commit, durability, full disks, queues, schemas.

#[cfg(test)]
mod commit;
#[cfg(test)]
mod durable;
#[cfg(test)]
mod schema;
