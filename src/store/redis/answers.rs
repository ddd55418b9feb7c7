//! What a server answers. Everything is read by hand: the errors of the crate `redis` show what
//! did not fit, and nothing of an answer, or of what the server says about a command, belongs into
//! a log. Both may hold what was stored, and a password.

use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value};

use crate::base::escape::shown;
use crate::store::commands::{Entry, EntryId, ServerMemory, StoreError, StoreErrorKind};

/// `GETRANGE`: an absent value is an empty one.
pub(super) fn value(answer: Value) -> Option<Option<Vec<u8>>> {
    match answer {
        Value::BulkString(bytes) => Some((!bytes.is_empty()).then_some(bytes)),
        Value::Nil => Some(None),
        _ => None,
    }
}

pub(super) fn done(answer: Value) -> Option<()> {
    matches!(answer, Value::Okay).then_some(())
}

pub(super) fn done_or_nil(answer: Value) -> Option<bool> {
    match answer {
        Value::Okay => Some(true),
        Value::Nil => Some(false),
        _ => None,
    }
}

/// A number of things, of which one is enough.
pub(super) fn any(answer: Value) -> Option<bool> {
    match answer {
        Value::Int(count) => Some(count > 0),
        _ => None,
    }
}

pub(super) fn id(answer: Value) -> Option<EntryId> {
    let (milliseconds, sequence) = text(&answer)?.split_once('-')?;
    Some(EntryId {
        milliseconds: milliseconds.parse().ok()?,
        sequence: sequence.parse().ok()?,
    })
}

/// `XREAD`: a list of one stream, which is its name and its entries.
pub(super) fn entries(answer: Value) -> Option<Vec<Entry>> {
    let streams = match answer {
        Value::Nil => return Some(Vec::new()),
        answer => list(answer)?,
    };
    let [_name, entries] = <[Value; 2]>::try_from(list(only(streams)?)?).ok()?;
    page(entries)
}

/// `XRANGE`: a list of entries.
pub(super) fn page(answer: Value) -> Option<Vec<Entry>> {
    list(answer)?.into_iter().map(entry).collect()
}

fn entry(answer: Value) -> Option<Entry> {
    let [given, fields] = <[Value; 2]>::try_from(list(answer)?).ok()?;
    let id = id(given)?;
    // Nil for an entry that was deleted meanwhile.
    let fields = list(fields).unwrap_or_default();
    let record = match <[Value; 2]>::try_from(fields) {
        Ok([name, Value::BulkString(record)]) if text(&name) == Some("e") => Some(record),
        _ => None,
    };
    Some(Entry { id, record })
}

/// A section of `INFO`: lines of a name, a colon and a value.
pub(super) fn section(answer: Value) -> Option<String> {
    text(&answer).map(ToOwned::to_owned)
}

/// A section of each server that tells it, with the address of the server in a cluster.
pub(super) type OfEach = Vec<(Value, String)>;

pub(super) fn sections(answer: Value) -> Option<OfEach> {
    match answer {
        // A primary that is starting must not hide the others.
        Value::Map(all) => {
            let told = |(server, answer)| Some((server, section(answer)?));
            Some(all.into_iter().filter_map(told).collect())
        }
        one => Some(vec![(Value::Nil, section(one)?)]),
    }
}

/// `run_id` and `master_replid`: other ones mean that writes may have been lost.
pub(super) fn identity(server: &str, replication: &str) -> Option<String> {
    let facts = [fact(server, "run_id"), fact(replication, "master_replid")];
    let facts: Vec<_> = facts.into_iter().flatten().map(shown).collect();
    (!facts.is_empty()).then(|| facts.join(" "))
}

pub(super) fn memory(memory: &OfEach, stats: &OfEach) -> Vec<ServerMemory> {
    let number = |section, wanted| fact(section, wanted).and_then(|value| value.parse().ok());
    let servers = memory.iter().map(|(server, memory)| {
        let stats = stats.iter().find(|(other, _)| other == server);
        ServerMemory {
            maxmemory: number(memory, "maxmemory"),
            used_memory: number(memory, "used_memory"),
            maxmemory_policy: fact(memory, "maxmemory_policy").map(shown),
            evicted_keys: stats.and_then(|(_, stats)| number(stats, "evicted_keys")),
        }
    });
    servers.collect()
}

fn fact<'s>(section: &'s str, wanted: &str) -> Option<&'s str> {
    let facts = section.lines().filter_map(|line| line.split_once(':'));
    let mut values = facts.filter(|(name, _)| *name == wanted);
    values.next().map(|(_, value)| value.trim())
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

fn list(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(values) => Some(values),
        _ => None,
    }
}

fn only(values: Vec<Value>) -> Option<Value> {
    <[Value; 1]>::try_from(values).ok().map(|[value]| value)
}

/// The answer is of another type than the command has.
pub(super) fn senseless(command: &Cmd) -> StoreError {
    let name = name(command);
    StoreError {
        kind: StoreErrorKind::Other,
        message: format!("{name}: an answer that a Redis does not give"),
    }
}

/// What went wrong with a command, or with connecting if there is none.
pub(super) fn error(command: Option<&Cmd>, error: &RedisError) -> StoreError {
    let command = command.map_or_else(|| CONNECTING.to_owned(), name);
    let (kind, what) = judged(&command, error);
    StoreError {
        kind,
        message: format!("{command}: {what}"),
    }
}

fn judged(command: &str, error: &RedisError) -> (StoreErrorKind, String) {
    use StoreErrorKind::{Full, IdsExhausted, Other, Refused, Unreachable, WrongType};
    let detail = error.detail().unwrap_or_default();
    // Inside a script, older servers put the code of an error into its text.
    let says = |code: &str| error.code() == Some(code) || detail.contains(code);
    let fixed = |kind, what: &str| (kind, what.to_owned());
    match error.kind() {
        ErrorKind::AuthenticationFailed => fixed(Refused, WRONG_PASSWORD),
        // These texts are of the operating system or of the TLS, and not of the server.
        ErrorKind::Io => (Unreachable, shown_long(&error.to_string())),
        ErrorKind::Client | ErrorKind::InvalidClientConfig => {
            (Refused, shown_long(&error.to_string()))
        }
        ErrorKind::ClusterConnectionNotFound => {
            fixed(Unreachable, "no node of the cluster answers")
        }
        ErrorKind::Server(_) | ErrorKind::Extension => match () {
            () if says("WRONGPASS") => fixed(Refused, WRONG_PASSWORD),
            () if says("NOAUTH") => fixed(Refused, "NOAUTH: the server wants a password"),
            () if says("NOPERM") || detail.contains("executing the script can't run") => {
                fixed(Refused, "NOPERM: the user of this fleet may not do this")
            }
            () if says("OOM") => fixed(Full, "OOM: the server has reached maxmemory"),
            () if says("WRONGTYPE") => fixed(WrongType, "WRONGTYPE: the name has another type"),
            () if error.kind() == ErrorKind::Server(ServerErrorKind::Moved) => fixed(
                Refused,
                "MOVED: the server is part of a cluster, so give it as a list",
            ),
            () if error.kind() == ErrorKind::Server(ServerErrorKind::Ask) => fixed(
                Other,
                "ASK: the slot of this name moves to a node that was not reached; the user needs \
                 +asking",
            ),
            () if command == "XADD" && EXHAUSTED.iter().any(|text| detail.contains(text)) => {
                fixed(IdsExhausted, "the stream has no id after its last one")
            }
            () if detail.contains("max number of clients") => {
                fixed(Unreachable, "the server has reached maxclients")
            }
            () if detail.contains(NO_SUCH_KEY) => fixed(Other, NO_SUCH_NAME),
            () if command == CONNECTING => fixed(Refused, "the server refuses AUTH or SELECT"),
            () => {
                let code = error.code().unwrap_or("ERR");
                let kind = match NOT_NOW.contains(&code) {
                    true => Unreachable,
                    false => Other,
                };
                (kind, format!("the server answers {}", shown(code)))
            }
        },
        _ => fixed(
            Unreachable,
            "an answer that is not of the protocol of Redis",
        ),
    }
}

/// Whether another connection would help: this one is dead, not signed in, or leads to a server
/// that no longer takes writes.
pub(super) fn is_lost(error: &RedisError) -> bool {
    let code = error.code().unwrap_or_default();
    error.is_unrecoverable_error() || LOST.contains(&code)
}

fn name(command: &Cmd) -> String {
    let name = command.args_iter().next();
    let name = match name {
        Some(redis::Arg::Simple(name)) => String::from_utf8_lossy(name).into_owned(),
        _ => String::new(),
    };
    shown(&name)
}

/// Long enough for what TLS says of a certificate.
fn shown_long(text: &str) -> String {
    crate::base::escape::shown_up_to(text, 256)
}

const CONNECTING: &str = "connecting";

const WRONG_PASSWORD: &str = "WRONGPASS: the server refuses the user or the password";

/// How the message of a missing name ends.
pub(super) const NO_SUCH_NAME: &str = "there is no such name";

/// Of `XINFO STREAM`.
const NO_SUCH_KEY: &str = "no such key";

/// Of `XADD`, now and in Redis 6.2.
const EXHAUSTED: [&str; 2] = ["exhausted the last possible ID", "equal or smaller than"];

/// The server will be able to, but not yet.
const NOT_NOW: [&str; 8] = [
    "BUSY",
    "CLUSTERDOWN",
    "LOADING",
    "MASTERDOWN",
    "NOREPLICAS",
    "READONLY",
    "TRYAGAIN",
    "UNBLOCKED",
];

const LOST: [&str; 4] = ["NOAUTH", "READONLY", "UNBLOCKED", "WRONGPASS"];

#[cfg(test)]
mod tests;
