//! What is asked of Redis or Valkey, one method for each command. The only types here are bytes,
//! names and times, so that the tests' own store and the real one differ in nothing else.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// The commands of a store. `redis` sends them to a server, `memory` answers them in tests.
///
/// Each touches one name, so that a cluster needs no hash tags. No call is repeated: a command that
/// was not answered may still be executed later.
pub(crate) trait Commands: fmt::Debug + Send + Sync + 'static {
    /// Waits for the connection of the calls, and makes one if there is none. Takes no longer than
    /// [`STORE_CONNECT_TIMEOUT`](crate::limits::STORE_CONNECT_TIMEOUT).
    fn connect(&self) -> StoreFuture<'_, ()>;

    /// `GETRANGE name 0 at_most`. `None` for an absent or empty value. A value longer than
    /// `at_most` comes back with `at_most + 1` bytes, and never whole. What is there and is no
    /// string comes back as no bytes: nobody with the secret wrote it.
    fn get<'a>(&'a self, name: &'a str, at_most: usize) -> StoreFuture<'a, Option<Vec<u8>>>;

    /// `SET name value PX life`.
    fn set<'a>(&'a self, name: &'a str, value: &'a [u8], life: Duration) -> StoreFuture<'a, ()>;

    /// `SET name value NX PX life`. Whether the name was absent.
    fn set_if_absent<'a>(
        &'a self,
        name: &'a str,
        value: &'a [u8],
        life: Duration,
    ) -> StoreFuture<'a, bool>;

    /// Compare and `DEL`, in one script. Whether the value was there.
    fn remove_if<'a>(&'a self, name: &'a str, value: &'a [u8]) -> StoreFuture<'a, bool>;

    /// Compare and `PEXPIRE`, in one script. Whether the value was there.
    fn prolong_if<'a>(
        &'a self,
        name: &'a str,
        value: &'a [u8],
        life: Duration,
    ) -> StoreFuture<'a, bool>;

    /// `PEXPIRE name life`. Whether the name was there.
    fn prolong<'a>(&'a self, name: &'a str, life: Duration) -> StoreFuture<'a, bool>;

    /// `DEL name`.
    fn remove<'a>(&'a self, name: &'a str) -> StoreFuture<'a, ()>;

    /// `XADD name * e record`. The id that the store gave.
    fn append<'a>(&'a self, name: &'a str, record: &'a [u8]) -> StoreFuture<'a, EntryId>;

    /// The entries after an id, oldest first: `XREAD COUNT count STREAMS name after`, with `BLOCK
    /// wait` if there is a `wait`. Empty when nothing came within `wait`. An answer takes longer
    /// than the timeout of other calls by `wait` at most. Has a connection of its own, and one for
    /// each of several calls at a time; a call that is dropped ends its connection.
    fn read<'a>(
        &'a self,
        name: &'a str,
        after: EntryId,
        count: usize,
        wait: Option<Duration>,
    ) -> StoreFuture<'a, Vec<Entry>>;

    /// As `read` without a `wait`, in one script that leaves out what is too large for a record. An
    /// entry that was not read whole has none. Costs the server several times as much.
    fn read_small<'a>(
        &'a self,
        name: &'a str,
        after: EntryId,
        count: usize,
    ) -> StoreFuture<'a, Vec<Entry>>;

    /// The last id of a stream, `last-generated-id` of `XINFO STREAM name`; `None` if there is no
    /// such name. In a script, because `XINFO` also tells the first entry and the last one, of any
    /// size.
    fn last_id<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<EntryId>>;

    /// `XTRIM name MINID ~ before`.
    fn trim<'a>(&'a self, name: &'a str, before: EntryId) -> StoreFuture<'a, ()>;

    /// What identifies the server, of `INFO server` and `INFO replication`. In a cluster: the
    /// server of `name`. `None` where they do not tell. All sections together grow with every error
    /// code that somebody makes up.
    fn identity<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<String>>;

    /// What `INFO memory` and `INFO stats` tell, of each primary of a cluster or of the one server.
    fn memory(&self) -> StoreFuture<'_, Vec<ServerMemory>>;
}

pub(crate) type StoreFuture<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The id of an entry of a stream. The first half is a time in milliseconds by the clock of the
/// store, unless somebody has chosen it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntryId {
    pub(crate) milliseconds: u64,
    pub(crate) sequence: u64,
}

impl EntryId {
    /// No id is later.
    pub(crate) const MAX: Self = Self {
        milliseconds: u64::MAX,
        sequence: u64::MAX,
    };
}

/// An entry of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    /// The value of the field `e`; `None` if the entry has no such field, or other fields too.
    pub(crate) record: Option<Vec<u8>>,
}

/// What a server tells of its memory. `None` for what this server does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerMemory {
    pub(crate) maxmemory: Option<u64>,
    pub(crate) used_memory: Option<u64>,
    pub(crate) maxmemory_policy: Option<String>,
    pub(crate) evicted_keys: Option<u64>,
}

/// Why a command was not carried out, as far as it is known.
#[derive(Clone, Debug)]
pub(crate) struct StoreError {
    pub(crate) kind: StoreErrorKind,
    /// For logs. Holds no credentials, values or names of users.
    pub(crate) message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreErrorKind {
    /// No answer in time, or no connection: the command may have been executed, or may be later.
    Unreachable,
    /// `OOM`: the server has reached `maxmemory` and evicts nothing.
    Full,
    /// `WRONGTYPE`: somebody else has put a value of another type under this name.
    WrongType,
    /// `XADD` finds no id after the last one: somebody else has used up the ids.
    IdsExhausted,
    /// The server refuses the user or the command (`NOPERM`, `NOAUTH`, `WRONGPASS`, `MOVED`).
    Refused,
    /// Any other error, or an answer that makes no sense.
    Other,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {}
