//! Looks at the memory of the servers.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::commands::Commands;
use super::condition::Condition;
use crate::limits::{MAX_STORE_TIMEOUT, STORE_LOOK_PAUSE};

/// The task that looks. It ends with this value.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<Option<JoinHandle<()>>>);

impl Watch {
    /// Starts the task, unless it runs. It runs on the runtime of the first call, and again on that
    /// of a later one when that runtime has ended.
    pub(super) fn start(&self, commands: &Arc<dyn Commands>, condition: &Arc<Condition>) {
        let mut task = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            *task = Some(runtime.spawn(look(commands.clone(), condition.clone())));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut task = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

async fn look(commands: Arc<dyn Commands>, condition: Arc<Condition>) {
    loop {
        // Who may not ask, or gets no answer, learns nothing: calls tell of it.
        if let Ok(Ok(servers)) = timeout(MAX_STORE_TIMEOUT, commands.memory()).await {
            condition.look(&servers);
        }
        sleep(STORE_LOOK_PAUSE).await;
    }
}
