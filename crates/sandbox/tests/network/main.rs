//! The network seen from outside: a raw client on the wire, a hand on the control API.

#[cfg(test)]
mod channels;
#[cfg(test)]
mod companion;
#[cfg(test)]
mod control;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hand;
#[cfg(test)]
mod media;
#[cfg(test)]
mod pairing;
#[cfg(test)]
mod passkey;
#[cfg(test)]
mod said;
#[cfg(test)]
mod seen;
#[cfg(test)]
mod strictness;
#[cfg(test)]
mod text;
#[cfg(test)]
mod wire;
