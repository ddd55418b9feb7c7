//! Connections that are made when somebody asks, and again when they are lost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::{Cmd, RedisResult, Value};
use tokio::sync::watch;

use super::answers;
use super::target::{Connection, Target};
use crate::store::commands::{StoreError, StoreErrorKind};

/// One connection that all calls share.
///
/// It is made by a task of its own: a call that gives up must not end the attempt that others wait
/// for.
#[derive(Debug)]
pub(super) struct Shared {
    target: Arc<Target>,
    current: Mutex<Option<Attempt>>,
}

/// An attempt to connect, and later the connection.
type Attempt = watch::Receiver<Option<Result<Counted, StoreError>>>;

impl Shared {
    pub(super) fn new(target: Arc<Target>) -> Self {
        let current = Mutex::default();
        Self { target, current }
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Waits until there is a connection.
    pub(super) async fn connect(&self) -> Result<(), StoreError> {
        self.connected(&self.attempt()).await.map(drop)
    }

    /// Sends a command that touches `name`, or one for all servers, and waits for its answer.
    pub(super) async fn ask(&self, name: Option<&str>, command: &Cmd) -> Result<Value, StoreError> {
        let attempt = self.attempt();
        let mut connection = self.connected(&attempt).await?;
        let silence = Silence {
            shared: self,
            attempt: &attempt,
            answered: connection.answered.clone(),
            answered_before: connection.answered.load(Ordering::Relaxed),
        };
        let answer = connection.connection.ask(name, command).await;
        match &answer {
            Err(error) if answers::is_lost(error) => self.forget(&attempt),
            _ => {
                connection.answered.fetch_add(1, Ordering::Relaxed);
            }
        }
        drop(silence);
        answer.map_err(|error| answers::error(Some(command), &error))
    }

    fn attempt(&self) -> Attempt {
        let mut current = self.current();
        current
            .get_or_insert_with(|| connect(self.target.clone()))
            .clone()
    }

    async fn connected(&self, attempt: &Attempt) -> Result<Counted, StoreError> {
        let mut waiting = attempt.clone();
        let made = waiting.wait_for(Option::is_some).await;
        let made = made.map_or(None, |made| made.clone());
        // Without a result: the runtime of the task has ended.
        let made = made.unwrap_or_else(|| Err(gave_up()));
        made.inspect_err(|_| self.forget(attempt))
    }

    /// The next call connects anew. Who still waits for an answer of this connection may get it.
    fn forget(&self, attempt: &Attempt) {
        let mut current = self.current();
        if current
            .as_ref()
            .is_some_and(|now| now.same_channel(attempt))
        {
            *current = None;
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Attempt>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(target: Arc<Target>) -> Attempt {
    let (made, attempt) = watch::channel(None);
    tokio::spawn(async move {
        let connection = target.connect().await;
        made.send_replace(Some(connection.map(Counted::new)));
    });
    attempt
}

/// A connection, and how many answers came over it.
#[derive(Clone, Debug)]
struct Counted {
    connection: Connection,
    answered: Arc<AtomicU64>,
}

impl Counted {
    fn new(connection: Connection) -> Self {
        let answered = Arc::default();
        Self {
            connection,
            answered,
        }
    }
}

/// Forgets a connection over which no answer came while a call waited: where packets are dropped,
/// the system takes minutes to notice. While others get answers, only this call was slow.
struct Silence<'a> {
    shared: &'a Shared,
    attempt: &'a Attempt,
    answered: Arc<AtomicU64>,
    answered_before: u64,
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        if self.answered.load(Ordering::Relaxed) == self.answered_before {
            self.shared.forget(self.attempt);
        }
    }
}

/// A connection for one call at a time: each takes it away, and puts it back after an answer. So a
/// command that waits at the server for an entry holds up no other one, and ends with its caller.
#[derive(Debug)]
pub(super) struct Own {
    target: Arc<Target>,
    idle: Mutex<Option<Connection>>,
}

impl Own {
    pub(super) fn new(target: Arc<Target>) -> Self {
        let idle = Mutex::default();
        Self { target, idle }
    }

    pub(super) async fn ask(&self, name: &str, command: &Cmd) -> Result<Value, StoreError> {
        let idle = self.idle().take();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.target.connect().await?,
        };
        let answer: RedisResult<Value> = connection.ask(Some(name), command).await;
        if !answer.as_ref().is_err_and(answers::is_lost) {
            *self.idle() = Some(connection);
        }
        answer.map_err(|error| answers::error(Some(command), &error))
    }

    fn idle(&self) -> MutexGuard<'_, Option<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gave_up() -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unreachable,
        message: "connecting was given up, because the runtime has ended".to_owned(),
    }
}
