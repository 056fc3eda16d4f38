//! Files out and in, with real ones: a JPEG, a voice note, a film, a PDF, made by ffmpeg here.

mod bad;
mod memory;
mod real;
mod received;
mod sent;
mod server;
mod uploads;
