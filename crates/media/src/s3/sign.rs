//! AWS Signature Version 4, as S3 takes it (docs.aws.amazon.com, "Signature Calculations for the Authorization Header").

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wharf_types::Millis;

/// The hash of no body.
pub(super) const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Who signs, and where.
pub(super) struct Signer {
    pub access_key: String,
    pub secret_key: String,
    pub region: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// `20130524T000000Z`
pub(super) fn stamp(at: Millis) -> String {
    let (days, ms) = (at.div_euclid(86_400_000), at.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let seconds = ms / 1000;
    format!(
        "{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// The date of a day since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// The time of `2013-05-24T00:00:00.000Z`.
pub(super) fn read_time(text: &str) -> Option<Millis> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

impl Signer {
    /// The `Authorization` header. `path` and `query` are encoded and sorted; `headers` have small names, are sorted, and
    /// hold `x-amz-date` and `x-amz-content-sha256`.
    pub(super) fn authorization(
        &self,
        method: &str,
        path: &str,
        query: &str,
        headers: &[(&str, &str)],
    ) -> String {
        let header = |name| {
            headers
                .iter()
                .find(|(n, _)| *n == name)
                .map_or("", |(_, v)| *v)
        };
        let (at, hash) = (header("x-amz-date"), header("x-amz-content-sha256"));
        let date = at.get(..8).unwrap_or_default();
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{}\n", value.trim()))
            .collect();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let request = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{hash}");
        let scope = format!("{date}/{}/s3/aws4_request", self.region);
        let text = format!(
            "AWS4-HMAC-SHA256\n{at}\n{scope}\n{}",
            hex(&Sha256::digest(request.as_bytes()))
        );
        let key = mac(format!("AWS4{}", self.secret_key).as_bytes(), date);
        let key = mac(&mac(&mac(&key, &self.region), "s3"), "aws4_request");
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={}",
            self.access_key,
            hex(&mac(&key, &text))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the documentation: "GET Object", the first ten bytes of test.txt.
    #[test]
    fn the_documented_example() {
        let signer = Signer {
            access_key: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            region: "us-east-1".into(),
        };
        let headers = [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", NOTHING),
            ("x-amz-date", "20130524T000000Z"),
        ];
        let signed = signer.authorization("GET", "/test.txt", "", &headers);
        assert!(
            signed.ends_with(
                "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ),
            "{signed}"
        );
    }

    #[test]
    fn times_there_and_back() {
        assert_eq!(stamp(1_369_353_600_000), "20130524T000000Z");
        assert_eq!(stamp(951_827_696_000), "20000229T123456Z");
        assert_eq!(
            read_time("2013-05-24T00:00:00.000Z"),
            Some(1_369_353_600_000)
        );
        assert_eq!(read_time("2000-02-29T12:34:56Z"), Some(951_827_696_000));
        assert_eq!(read_time("soon"), None);
        for days in (0..40_000).step_by(13) {
            let (year, month, day) = civil(days);
            let text = format!("{year:04}-{month:02}-{day:02}T00:00:00.000Z");
            assert_eq!(read_time(&text), Some(days * 86_400_000), "{text}");
        }
    }
}
