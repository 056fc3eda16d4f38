//! The network seen from outside: a raw client on the wire, a hand on the control API.

mod companion;
mod control;
mod durability;
mod faults;
mod hand;
mod pairing;
mod strictness;
mod text;
mod wire;
