//! The command line, as `contract` promises it to scripts.

use clap::{Args, Parser, Subcommand};
use std::{net::SocketAddr, path::PathBuf};

/// A self-hosted WhatsApp gateway.
#[derive(Debug, Parser)]
#[command(name = "wharf", version, about, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags every command takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Configuration file (default: wharf.toml where it exists).
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data directory (default: ./wharf-data).
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address to listen on (default 127.0.0.1:8080; port 0 = any free port).
    #[arg(long, global = true, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Form of the logs on standard error.
    #[arg(long, global = true, value_name = "FORM")]
    pub log_format: Option<LogFormat>,
    /// Print one JSON object for scripts instead of text for people.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Form of the logs.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    clap::ValueEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gateway.
    Serve(Serve),
    /// The main job on a machine with no phone at hand: gateway and simulated network, one account paired.
    Demo(Demo),
    /// Run the simulated network alone.
    Sandbox(Sandbox),
    /// Make the first organization, its owner and its key, and print them once.
    Init {
        /// What the owner logs in by.
        #[arg(long, default_value = "owner@localhost")]
        email: String,
    },
    /// Make, list and revoke API keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Reset the password of somebody who logs in here, or make them super_admin.
    #[command(subcommand)]
    Users(Users),
    /// Print events as they come, and forward them to a program on this machine.
    #[command(long_about = LISTEN)]
    Listen(Listen),
    /// Check configuration and surroundings, and say what to do.
    Doctor,
    /// Print the OpenAPI document.
    Openapi,
    /// Measure, beside a floor measured in the same run.
    #[command(subcommand)]
    Bench(Bench),
}

const LISTEN: &str = "Print events as they come, and forward them to a program on this machine.

Reads the gateway's event log over its API, in order, from now on; what was printed (and taken, with --forward) is kept in \
the state file, and the next run goes on from there. With --json each line is an event as every reader gets it, after a \
first line {\"ready\": true, …}. With --forward each event is posted as a webhook would be, signed by Standard Webhooks with \
a secret that is printed at the start, and tried again until it is answered with 2xx. At least once: a kill repeats the \
event in between. What is told live only (auth.*, presence) comes by WebSocket alone.";

/// Where a key and a gateway are named for `listen`; no settings of the gateway's own.
#[derive(Debug, Args)]
pub struct Listen {
    /// Address of the gateway.
    #[arg(
        long,
        env = "WHARF_API_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080"
    )]
    pub api_url: String,
    /// API key with `read`; with `manage` also webhook.disabled. The variable keeps it out of lists of processes.
    #[arg(
        long,
        env = "WHARF_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub key: String,
    /// Post each event to this address, such as http://localhost:3000/hook.
    #[arg(long, value_name = "URL")]
    pub forward: Option<String>,
    /// Sign with this secret, whsec_ and 24 to 64 bytes in base64 (default: one is made and kept in the state file).
    #[arg(
        long,
        env = "WHARF_LISTEN_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub secret: Option<String>,
    /// Only events of this session (repeatable).
    #[arg(long, value_name = "ID")]
    pub session: Vec<String>,
    /// Only events of this type (repeatable).
    #[arg(long, value_name = "TYPE")]
    pub event: Vec<String>,
    /// Begin after this event instead of where the last run ended.
    #[arg(long, value_name = "EVENT")]
    pub after: Option<wharf_types::EventId>,
    /// Where the place in the log is kept (default: listen.json in the data directory).
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
}

/// Variables that name a flag of a command, and no setting.
pub const VARIABLES: [&str; 3] = ["WHARF_API_URL", "WHARF_API_KEY", "WHARF_LISTEN_SECRET"];

#[derive(Debug, Args)]
pub struct Serve {
    /// Which half to run.
    #[arg(long, default_value = "all")]
    pub role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    All,
    Router,
    Gateway,
}

#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// People in the crowd (default 200).
    #[arg(long, value_name = "N")]
    pub people: Option<u32>,
    /// Groups they share (default 12).
    #[arg(long, value_name = "G")]
    pub groups: Option<u32>,
    /// Messages of history per direct chat (default 5).
    #[arg(long, value_name = "M")]
    pub messages: Option<u32>,
    /// Seed of the crowd (default 1).
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Start with no session and no crowd.
    #[arg(long)]
    pub empty: bool,
}

#[derive(Debug, Clone, Args)]
pub struct Sandbox {
    /// Seed of the world's randomness.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make a key; the secret is printed once.
    Create {
        /// Organization.
        #[arg(long)]
        org: wharf_types::OrgId,
        /// The key's name.
        #[arg(long)]
        name: String,
        /// read, send, manage.
        #[arg(long, value_delimiter = ',', required = true)]
        permission: Vec<Permission>,
        /// Limit the key to this session (repeatable).
        #[arg(long)]
        session: Vec<wharf_types::SessionId>,
    },
    /// List keys, without secrets.
    List {
        /// Organization.
        #[arg(long)]
        org: wharf_types::OrgId,
    },
    /// Revoke a key.
    Revoke {
        /// Organization.
        #[arg(long)]
        org: wharf_types::OrgId,
        /// The key's id.
        id: wharf_types::KeyId,
    },
}

#[derive(Debug, Subcommand)]
pub enum Users {
    /// Give somebody a new password, printed once, and end their log-ins.
    Reset {
        /// What they log in by.
        #[arg(long)]
        email: String,
    },
    /// Give somebody the platform role super_admin, or take it.
    Admin {
        /// What they log in by.
        #[arg(long)]
        email: String,
        /// Take it.
        #[arg(long)]
        off: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Permission {
    Read,
    Send,
    Manage,
}

#[derive(Debug, Subcommand)]
pub enum Bench {
    /// listContacts over HTTP beside a constant route and the bare query; and history ingestion.
    Contacts {
        /// Numbers of people.
        #[arg(long, value_delimiter = ',', default_value = "10000,200000,1000000")]
        people: Vec<u64>,
        /// Seconds per case.
        #[arg(long, default_value_t = 3)]
        seconds: u64,
    },
    /// Sends accepted over HTTP beside the bare writer; and, with the simulated network, sends to the acknowledgement.
    Sends {
        /// Numbers of sessions that send all the way.
        #[arg(long, value_delimiter = ',', default_value = "1,200")]
        sessions: Vec<usize>,
        /// Seconds per case.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// Deliveries to a receiver that takes 10 ms beside a bare client; how soon the first attempt comes; one dead receiver
    /// among many; and the event log, short and long.
    Webhooks {
        /// Numbers of webhooks that are told everything.
        #[arg(long, value_delimiter = ',', default_value = "1,16")]
        webhooks: Vec<usize>,
        /// Webhooks among which one receiver is dead.
        #[arg(long, default_value_t = 1_000)]
        crowd: usize,
        /// Lengths of the event log; 10 million rows take 4 GB of the temporary directory.
        #[arg(long, value_delimiter = ',', default_value = "10000,10000000")]
        rows: Vec<u64>,
        /// Seconds per case.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// One event to many WebSockets beside a bare broadcast, and the memory of a socket.
    Sockets {
        /// Numbers of sockets.
        #[arg(long, value_delimiter = ',', default_value = "5000")]
        sockets: Vec<usize>,
        /// Seconds per case.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// The other end of `sockets`, as a process of its own.
    #[command(hide = true)]
    Readers,
}
