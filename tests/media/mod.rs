//! Files out and in, with real ones: a JPEG, a voice note, a film, a PDF, made by ffmpeg here.

mod bad;
mod memory;
pub mod real;
mod received;
pub mod sent;
pub mod server;
mod uploads;
