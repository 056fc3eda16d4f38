//! Keeps phones, LIDs and pairing codes out of the logs, whoever writes the line.
//!
//! Our own events hold none. The WhatsApp library's warnings do at times, and so may an error's text that is
//! passed on. Every line is therefore looked through once before it is written: a word of seven digits or more is
//! no counter of ours, and is left out. So is one that looks like a pairing code, which the library tells at `info`.

use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext,
        format::{FormatEvent, FormatFields, Writer},
    },
    registry::LookupSpan,
};

/// Shorter runs of digits are counts, ports, codes and parts of a time.
const LONGEST_COUNT: usize = 6;
const INSTEAD: &str = "[digits]";

/// A pairing code is this long, of capitals and digits without those that are misread.
const CODE: usize = 8;
const MISREAD: &[u8] = b"0IOU";
const INSTEAD_OF_CODE: &str = "[code]";

fn is_code(word: &str) -> bool {
    let of_code = |b: u8| (b.is_ascii_uppercase() || b.is_ascii_digit()) && !MISREAD.contains(&b);
    word.len() == CODE && word.bytes().all(of_code)
}

/// Formats as `F` does, without them.
pub struct Redacting<F>(pub F);

impl<S, N, F> FormatEvent<S, N> for Redacting<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(&without_secrets(&line))
    }
}

/// The text with each word of digits alone that is longer than [`LONGEST_COUNT`], and each that may be a code, replaced.
fn without_secrets(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let (before, word) = rest.split_at(start);
        let end = word
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        clean.push_str(before);
        let number = word.len() > LONGEST_COUNT && word.bytes().all(|b| b.is_ascii_digit());
        clean.push_str(if number {
            INSTEAD
        } else if is_code(word) {
            INSTEAD_OF_CODE
        } else {
            word
        });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };
    use tracing_subscriber::{fmt::MakeWriter, prelude::*};

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Captured {
        type Writer = Self;
        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn words_of_digits_go_and_ids_stay() {
        for (text, clean) in [
            ("to 15550100001: no", "to [digits]: no"),
            (
                "15550100001@s.whatsapp.net:12",
                "[digits]@s.whatsapp.net:12",
            ),
            ("+628990000001é", "+[digits]é"),
            ("row_15550100001", "row_[digits]"),
            (
                "sess_01M83V9FS7E9NCNKHTRVZGMHB5",
                "sess_01M83V9FS7E9NCNKHTRVZGMHB5",
            ),
            ("2026-11-23T09:22:14.339752Z", "2026-11-23T09:22:14.339752Z"),
            ("3EB0B4C868BF184C2D66C4 429", "3EB0B4C868BF184C2D66C4 429"),
            ("Code: RJ19LQR8", "Code: [code]"),
            ("RJ19LQR80 rj19lqr8 SHUTDOWN", "RJ19LQR80 rj19lqr8 SHUTDOWN"),
        ] {
            assert_eq!(without_secrets(text), clean);
        }
    }

    #[test]
    fn both_forms_are_looked_through() {
        let (text, json) = (Captured::default(), Captured::default());
        let format = || tracing_subscriber::fmt::format();
        let registry = tracing_subscriber::registry()
            .with(
                tracing_subscriber::fmt::layer()
                    .with_writer(text.clone())
                    .event_format(Redacting(format())),
            )
            .with(
                tracing_subscriber::fmt::layer()
                    .json()
                    .with_writer(json.clone())
                    .event_format(Redacting(format().json())),
            );
        tracing::subscriber::with_default(registry, || {
            tracing::warn!(target: "a_library", peer = "15550100001", "row under 628990000001");
        });
        for captured in [text, json] {
            let lines = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
            assert!(lines.contains("row under [digits]"), "{lines}");
            assert!(!lines.contains("15550100001"), "{lines}");
        }
    }
}
