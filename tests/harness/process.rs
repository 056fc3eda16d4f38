//! The built program as a child process.

use serde_json::Value;
use std::{
    io::Write,
    path::Path,
    process::{ExitStatus, Stdio},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// A running `wharf`, killed when dropped.
pub struct Program {
    child: Child,
    lines: Option<Lines<BufReader<ChildStdout>>>,
}

fn command(args: &[&str], env: &[(&str, &str)]) -> Command {
    // A write over the limit of [`Program::fill_disk`] shall fail, as on a full disk, not end the process.
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"trap '' XFSZ; exec "$0" "$@""#])
        .arg(env!("CARGO_BIN_EXE_wharf"))
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    // A configuration file or setting of whoever runs the tests must not reach them.
    command.current_dir(std::env::temp_dir());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WHARF_")) {
        if !env.iter().any(|(set, _)| *set == name) {
            command.env_remove(name);
        }
    }
    command
}

impl Program {
    /// Starts it; logs go to `log`.
    pub fn start(args: &[&str], env: &[(&str, &str)], log: &Path) -> Self {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        writeln!(file, "── wharf {}", args.join(" ")).unwrap();
        let mut child = command(args, env)
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines: Some(lines),
        }
    }

    /// The next line it prints, as JSON; fails when it ends instead.
    pub async fn line(&mut self) -> Value {
        let lines = self.lines.as_mut().expect("lines");
        let line = tokio::time::timeout(super::PATIENCE, lines.next_line())
            .await
            .expect("it says nothing")
            .unwrap();
        serde_json::from_str(&line.expect("it ended without a word")).unwrap()
    }

    /// Runs to its end: status, standard output, standard error.
    pub async fn run(args: &[&str], env: &[(&str, &str)]) -> (ExitStatus, String, String) {
        let mut child = command(args, env)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut out, mut err) = (String::new(), String::new());
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (status, _, _) = tokio::join!(
            child.wait(),
            stdout.read_to_string(&mut out),
            stderr.read_to_string(&mut err)
        );
        (status.unwrap(), out, err)
    }

    /// From now on it cannot make any file longer: every write of more than a few bytes is refused by the system.
    pub async fn fill_disk(&self) {
        self.limit_files("512").await;
    }

    /// Ends what [`Program::fill_disk`] began.
    pub async fn free_disk(&self) {
        self.limit_files("unlimited").await;
    }

    async fn limit_files(&self, bytes: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        let set = Command::new("prlimit")
            .args(["--pid", &pid, &limit])
            .status()
            .await
            .unwrap();
        assert!(set.success());
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// SIGKILL, and gone.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM; its exit status, and the lines that nobody has read.
    pub async fn end(mut self) -> (ExitStatus, Vec<Value>) {
        let lines = self.lines.take().expect("lines");
        let rest = tokio::spawn(async move {
            let (mut lines, mut rest) = (lines, Vec::new());
            while let Some(line) = lines.next_line().await.unwrap() {
                rest.push(serde_json::from_str(&line).unwrap());
            }
            rest
        });
        (self.terminate().await, rest.await.unwrap())
    }

    /// SIGTERM; its exit status.
    pub async fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().expect("it runs").to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .await
                .unwrap()
                .success()
        );
        tokio::time::timeout(super::PATIENCE, self.child.wait())
            .await
            .expect("it does not end")
            .unwrap()
    }
}
