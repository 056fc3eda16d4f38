//! Makes a backup of so many messages, to try an import with:
//!
//! ```text
//! cargo run --release -p wharf-backup --example make -- 1000000 15550100001 msgstore.db.crypt15
//! ```
//!
//! It prints the key.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for trying an import by hand"
)]

#[path = "../../../tests/imports/builder.rs"]
mod builder;

use builder::{Builder, KEY, seal};

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(messages), Some(number), Some(file)) = (args.next(), args.next(), args.next()) else {
        panic!("usage: make MESSAGES NUMBER FILE");
    };
    let messages: i64 = messages.parse().expect("a number of messages");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("msgstore.db");
    let backup = Builder::new(&path);
    backup.0.execute_batch("BEGIN").expect("a transaction");
    let people: Vec<(i64, i64)> = (0..1_000)
        .map(|n| {
            let jid = backup.jid(&format!("62899{:06}@s.whatsapp.net", 100_000 + n));
            (jid, backup.chat(jid, None))
        })
        .collect();
    for n in 0..messages {
        let (jid, chat) = people[usize::try_from(n % 1_000).expect("small")];
        let sender = (n % 3 != 0).then_some(jid);
        let text = format!("message {n}: the boat leaves pier {} at {}", n % 97, n % 24);
        backup.message(
            chat,
            sender,
            &format!("3EB0{n:016X}"),
            1_600_000_000_000 + n * 1_000,
            0,
            &text,
        );
    }
    backup.0.execute_batch("COMMIT").expect("a commit");
    let plain = std::fs::read(&path).expect("the database");
    let ends = number
        .get(number.len().saturating_sub(2)..)
        .expect("digits");
    std::fs::write(&file, seal(&plain, ends, true)).expect("a place to write");
    println!("{KEY}");
}
