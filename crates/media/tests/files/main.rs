//! Files kept, and what is seen in them.

#[cfg(test)]
mod local;
#[cfg(test)]
mod s3;
#[cfg(test)]
mod workshop;
