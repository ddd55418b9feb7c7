//! The commands, sent to Redis or Valkey.
//!
//! [`target`] knows where the server is and connects, [`link`] keeps connections, and [`answers`]
//! reads what comes back. No type of the crate `redis` leaves this folder.

mod answers;
mod link;
mod target;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value, cmd};
use tokio::time::Instant;

use self::link::{Own, Shared};
pub(crate) use self::target::{Target, TlsFiles};
use super::commands::{
    Commands, Entry, EntryId, ServerMemory, StoreError, StoreErrorKind, StoreFuture,
};
use crate::telemetry;

/// A store on a server. It connects when it is first asked, and again after a connection was lost.
///
/// Calls of requests share one connection. Whoever reads the stream has another one, so that a
/// long list, or waiting for an entry, holds up nobody.
pub(crate) struct Redis {
    calls: Shared,
    stream: Own,
}

impl Redis {
    pub(crate) fn new(target: Target) -> Self {
        let target = Arc::new(target);
        Self {
            calls: Shared::new(target.clone()),
            stream: Own::new(target),
        }
    }

    /// On the connection that all calls share.
    async fn call<T>(
        &self,
        operation: &'static str,
        name: &str,
        command: Cmd,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<T, StoreError> {
        let call = Call::begin(operation, true);
        let answer = self.calls.ask(Some(name), &command).await;
        call.end(answer.and_then(|answer| made(&command, read(answer))))
    }

    /// A section of `INFO` of all servers.
    async fn ask_all(&self, section: &str) -> Result<answers::OfEach, StoreError> {
        let call = Call::begin("memory", true);
        let command = info(section);
        let answer = self.calls.ask(None, &command).await;
        call.end(answer.and_then(|answer| made(&command, answers::sections(answer))))
    }

    /// On a connection of its own.
    async fn read_stream<T>(
        &self,
        operation: &'static str,
        name: &str,
        command: Cmd,
        is_timed: bool,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<T, StoreError> {
        let call = Call::begin(operation, is_timed);
        let answer = self.stream.ask(name, &command).await;
        call.end(answer.and_then(|answer| made(&command, read(answer))))
    }
}

/// Hosts only.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis({})", self.calls.target())
    }
}

impl Commands for Redis {
    fn connect(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.calls.connect())
    }

    fn get<'a>(&'a self, name: &'a str, at_most: usize) -> StoreFuture<'a, Option<Vec<u8>>> {
        let mut command = cmd("GETRANGE");
        command.arg(name).arg(0).arg(at_most);
        Box::pin(async move {
            match self.call("get", name, command, answers::value).await {
                Err(error) if error.kind == StoreErrorKind::WrongType => Ok(Some(Vec::new())),
                answer => answer,
            }
        })
    }

    fn set<'a>(&'a self, name: &'a str, value: &'a [u8], life: Duration) -> StoreFuture<'a, ()> {
        let mut command = cmd("SET");
        command.arg(name).arg(value).arg("PX").arg(millis(life));
        Box::pin(self.call("set", name, command, answers::done))
    }

    fn set_if_absent<'a>(
        &'a self,
        name: &'a str,
        value: &'a [u8],
        life: Duration,
    ) -> StoreFuture<'a, bool> {
        let mut command = cmd("SET");
        command.arg(name).arg(value).arg("NX");
        command.arg("PX").arg(millis(life));
        Box::pin(self.call("set_if_absent", name, command, answers::done_or_nil))
    }

    fn remove_if<'a>(&'a self, name: &'a str, value: &'a [u8]) -> StoreFuture<'a, bool> {
        let mut command = cmd("EVAL");
        command.arg(REMOVE_IF).arg(1).arg(name).arg(value);
        Box::pin(self.call("remove_if", name, command, answers::any))
    }

    fn prolong_if<'a>(
        &'a self,
        name: &'a str,
        value: &'a [u8],
        life: Duration,
    ) -> StoreFuture<'a, bool> {
        let mut command = cmd("EVAL");
        command.arg(PROLONG_IF).arg(1).arg(name).arg(value);
        command.arg(millis(life));
        Box::pin(self.call("prolong_if", name, command, answers::any))
    }

    fn prolong<'a>(&'a self, name: &'a str, life: Duration) -> StoreFuture<'a, bool> {
        let mut command = cmd("PEXPIRE");
        command.arg(name).arg(millis(life));
        Box::pin(self.call("prolong", name, command, answers::any))
    }

    fn remove<'a>(&'a self, name: &'a str) -> StoreFuture<'a, ()> {
        let mut command = cmd("DEL");
        command.arg(name);
        Box::pin(async move {
            self.call("remove", name, command, answers::any)
                .await
                .map(drop)
        })
    }

    fn append<'a>(&'a self, name: &'a str, record: &'a [u8]) -> StoreFuture<'a, EntryId> {
        let mut command = cmd("XADD");
        command.arg(name).arg("*").arg("e").arg(record);
        Box::pin(self.call("append", name, command, answers::id))
    }

    fn read<'a>(
        &'a self,
        name: &'a str,
        after: EntryId,
        count: usize,
        wait: Option<Duration>,
    ) -> StoreFuture<'a, Vec<Entry>> {
        let mut command = cmd("XREAD");
        command.arg("COUNT").arg(count);
        if let Some(wait) = wait {
            // 0 would be for ever.
            command.arg("BLOCK").arg(millis(wait));
        }
        command.arg("STREAMS").arg(name).arg(text(after));
        Box::pin(self.read_stream("read", name, command, wait.is_none(), answers::entries))
    }

    fn read_small<'a>(
        &'a self,
        name: &'a str,
        after: EntryId,
        count: usize,
    ) -> StoreFuture<'a, Vec<Entry>> {
        let mut command = cmd("EVAL");
        command.arg(READ_SMALL).arg(1).arg(name);
        command.arg(format!("({}", text(after))).arg(count);
        Box::pin(self.read_stream("read_small", name, command, true, answers::page))
    }

    fn last_id<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<EntryId>> {
        let mut command = cmd("EVAL");
        command.arg(LAST_ID).arg(1).arg(name);
        Box::pin(async move {
            match self
                .read_stream("last_id", name, command, true, answers::id)
                .await
            {
                Err(error) if error.message.ends_with(answers::NO_SUCH_NAME) => Ok(None),
                answer => answer.map(Some),
            }
        })
    }

    fn trim<'a>(&'a self, name: &'a str, before: EntryId) -> StoreFuture<'a, ()> {
        let mut command = cmd("XTRIM");
        command.arg(name).arg("MINID").arg("~").arg(text(before));
        Box::pin(async move {
            self.call("trim", name, command, answers::any)
                .await
                .map(drop)
        })
    }

    fn identity<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<String>> {
        Box::pin(async move {
            let ask = |section| self.call("identity", name, info(section), answers::section);
            let server = ask("server").await?;
            let replication = ask("replication").await?;
            Ok(answers::identity(&server, &replication))
        })
    }

    fn memory(&self) -> StoreFuture<'_, Vec<ServerMemory>> {
        Box::pin(async move {
            let memory = self.ask_all("memory").await?;
            let stats = self.ask_all("stats").await?;
            Ok(answers::memory(&memory, &stats))
        })
    }
}

fn info(section: &str) -> Cmd {
    let mut command = cmd("INFO");
    command.arg(section);
    command
}

/// What was read from an answer.
fn made<T>(command: &Cmd, read: Option<T>) -> Result<T, StoreError> {
    read.ok_or_else(|| answers::senseless(command))
}

/// Counts a command when it ends, also if its caller gives up.
struct Call {
    operation: &'static str,
    began: Instant,
    is_timed: bool,
    outcome: &'static str,
}

impl Call {
    fn begin(operation: &'static str, is_timed: bool) -> Self {
        Self {
            operation,
            began: Instant::now(),
            is_timed,
            outcome: "no_answer",
        }
    }

    fn end<T>(mut self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        self.outcome = match &answer {
            Ok(_) => "ok",
            Err(error) => match error.kind {
                StoreErrorKind::Unreachable => "no_answer",
                StoreErrorKind::Full => "full",
                StoreErrorKind::Refused => "refused",
                _ => "error",
            },
        };
        answer
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let took = self.is_timed.then(|| self.began.elapsed());
        telemetry::store_called(self.operation, self.outcome, took);
    }
}

/// At least 1, because 0 is an error of `PX`, and no more than a server can add to its clock.
fn millis(life: Duration) -> u64 {
    u64::try_from(life.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, MOST_MILLIS)
}

fn text(id: EntryId) -> String {
    format!("{}-{}", id.milliseconds, id.sequence)
}

const REMOVE_IF: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] \
     then return redis.call('DEL', KEYS[1]) end return 0";

const PROLONG_IF: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] \
     then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0";

/// An entry with other fields than one record keeps its id alone. A sealed record has 50 bytes.
const READ_SMALL: &str = "local page = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2]) \
     for _, entry in ipairs(page) do \
       local fields = entry[2] \
       if #fields ~= 2 or fields[1] ~= 'e' or #fields[2] > 64 then entry[2] = {} end \
     end \
     return page";

const LAST_ID: &str = "local facts = redis.call('XINFO', 'STREAM', KEYS[1]) \
     for at = 1, #facts, 2 do \
       if facts[at] == 'last-generated-id' then return facts[at + 1] end \
     end";

/// About 30 years.
const MOST_MILLIS: u64 = 1_000_000_000_000;
