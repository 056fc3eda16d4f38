//! How many files, sockets among them, this process may have open.
//!
//! Systems give a program 1,024 and let it raise that by itself: the low number is for programs that use `select(2)`, and
//! this is none. So the program takes what it may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit to the most that is granted without asking anybody.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // A system that refuses leaves it as it was, and `doctor` tells.
    let _ = setrlimit(Resource::Nofile, most);
}

/// What is in force.
pub fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
