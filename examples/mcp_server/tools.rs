//! The MCP server: one tool for every caller, and one that needs an additional scope.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::request::Parts;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{ErrorData, Implementation, ServerCapabilities, ServerConfig};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::Deserialize;
use tower_jwt_auth::AuthInfo;
use tower_jwt_auth::mcp::{AuthInfoExt as _, Principal};

const MOST_NOTES: usize = 100;
const LONGEST_NOTE: usize = 1000;

/// The newest hundred notes of all callers. A note belongs to a user, because sessions, tokens and
/// clients change: some clients register anew each time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notebook(Arc<Mutex<VecDeque<(Principal, String)>>>);

impl Notebook {
    /// Adds a note, and returns all notes of this owner.
    fn append(&self, owner: Principal, text: String) -> Vec<String> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push_back((owner.clone(), text));
        if notes.len() > MOST_NOTES {
            notes.pop_front();
        }
        let own = notes.iter().filter(|(other, _)| *other == owner);
        own.map(|(_, text)| text.clone()).collect()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Tools {
    notebook: Notebook,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Note {
    /// The text of the note.
    text: String,
}

#[tool_router]
impl Tools {
    pub(crate) fn new(notebook: Notebook) -> Self {
        Self { notebook }
    }

    #[tool(description = "Says who is calling, as JSON")]
    async fn whoami(&self, context: RequestContext<RoleServer>) -> Result<String, ErrorData> {
        json(caller(&context)?)
    }

    #[tool(description = "Adds a note, and lists your notes. Needs the scope mcp:write")]
    async fn append_note(
        &self,
        Parameters(note): Parameters<Note>,
        context: RequestContext<RoleServer>,
    ) -> Result<String, ErrorData> {
        let owner = owner(caller(&context)?)
            .ok_or_else(|| ErrorData::invalid_request("the token names nobody", None))?;
        if note.text.len() > LONGEST_NOTE {
            return Err(ErrorData::invalid_params("a note that long", None));
        }
        // An object, as `whoami`: Gemini CLI refuses a text that is a JSON array.
        json(&serde_json::json!({"notes": self.notebook.append(owner, note.text)}))
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            // Without a name, clients show the name of the library.
            .with_server_info(Implementation::new("mcp_server", env!("CARGO_PKG_VERSION")))
            .with_instructions("Ask whoami who you are; append_note keeps notes")
    }
}

/// Each call carries its own request: never take the identity from the session.
fn caller(context: &RequestContext<RoleServer>) -> Result<&AuthInfo, ErrorData> {
    context
        .extensions
        .get::<Parts>()
        .and_then(|parts| parts.auth_info())
        .ok_or_else(|| ErrorData::internal_error("JwtAuthLayer is missing", None))
}

/// The user, whichever client they use; or the client, if it acts for no user.
fn owner(auth: &AuthInfo) -> Option<Principal> {
    match auth.subject() {
        Some(subject) => Some(Principal::new(auth.issuer(), None, Some(subject))),
        None => auth.principal(),
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, ErrorData> {
    serde_json::to_string(value).map_err(|error| ErrorData::internal_error(error.to_string(), None))
}
