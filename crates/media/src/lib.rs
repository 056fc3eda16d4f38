//! The domain's ports for files: [`LocalBlobs`] keeps them in a folder, [`S3Blobs`] in a bucket, [`Workshop`] looks at them and converts them.
//!
//! Files that strangers made are the most dangerous input there is. Pictures are decoded by Rust code under limits of size
//! and memory; sounds and films are left to ffmpeg, in a process of its own with a deadline, without a shell, without the
//! network, and only when their first bytes show a type that we know.

mod ffmpeg;
mod local;
mod picture;
mod s3;
mod scratch;
mod sniff;
mod workshop;

pub use ffmpeg::Ffmpeg;
pub use local::LocalBlobs;
pub use s3::{S3Blobs, S3Settings};
pub use workshop::Workshop;
