//! Tools and a prompt that ask the client for input and are called again with its answer
//! (protocol 2026-07-28).

use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use crate::handler::{complete, shaped};
use crate::tools::done;

pub(crate) const TOOLS: [&str; 8] = [
    "test_input_required_result_capabilities",
    "test_input_required_result_elicitation",
    "test_input_required_result_list_roots",
    "test_input_required_result_multi_round",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_request_state",
    "test_input_required_result_sampling",
    "test_input_required_result_tampered_state",
];

/// The result of calling one of these tools, or `None` for any other tool.
pub(crate) fn call(
    states: &RequestStateCodec,
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<Option<CallToolResponse>, ErrorData> {
    let Some(kind) = request.name.strip_prefix("test_input_required_result_") else {
        return Ok(None);
    };
    let round = match &request.request_state {
        None => 0,
        Some(state) => states
            .open_json::<u8>(state)
            .map_err(|_| ErrorData::invalid_params("this state was not given out here", None))?,
    };
    let answers = request.input_responses.as_ref();
    let answer = |key: &str| answers.and_then(|all| all.get(key));
    let state = |round: u8| states.seal_json(&round).ok();
    let step = match kind {
        "capabilities" => Step::Ask(able(questions(), context), None),
        "elicitation" => {
            match answer("user_name").and_then(|given| given.pointer("/content/name")?.as_str()) {
                Some(name) => Step::Done(format!("Hello, {name}!")),
                None => Step::Ask(vec![("user_name", name("What is your name?"))], None),
            }
        }
        "list_roots" => match answer("client_roots") {
            Some(roots) if roots["roots"].is_array() => {
                Step::Done(format!("Roots: {}", roots["roots"]))
            }
            _ => Step::Ask(vec![("client_roots", roots())], None),
        },
        "sampling" => match answer("capital_question")
            .and_then(|given| given.pointer("/content/text")?.as_str())
        {
            Some(text) => Step::Done(text.to_owned()),
            None => Step::Ask(
                vec![(
                    "capital_question",
                    sampling("What is the capital of France?", 100),
                )],
                None,
            ),
        },
        "multiple_inputs" => {
            match questions().iter().all(|(key, _)| answer(key).is_some()) && round == 1 {
                true => Step::Done("all answered".to_owned()),
                false => Step::Ask(questions(), state(1)),
            }
        }
        "multi_round" => match (round, answer("step1"), answer("step2")) {
            (2, _, Some(_)) => Step::Done("two rounds".to_owned()),
            (1, Some(_), _) => Step::Ask(
                vec![(
                    "step2",
                    form("Step 2: What is your favorite color?", "color", "string"),
                )],
                state(2),
            ),
            _ => Step::Ask(
                vec![("step1", name("Step 1: What is your name?"))],
                state(1),
            ),
        },
        "request_state" | "tampered_state" => match (round, answer("confirm")) {
            (1, Some(_)) => Step::Done("state-ok".to_owned()),
            _ => Step::Ask(
                vec![("confirm", form("Please confirm", "ok", "boolean"))],
                state(1),
            ),
        },
        _ => return Ok(None),
    };
    match step {
        Step::Done(text) => Ok(Some(done(&text)?.into())),
        Step::Ask(requests, state) => Ok(Some(required(requests, state)?.into())),
    }
}

/// As [`call`], for the one prompt that asks for input.
pub(crate) fn prompt(
    request: &GetPromptRequestParams,
) -> Result<Option<GetPromptResponse>, ErrorData> {
    if request.name != "test_input_required_result_prompt" {
        return Ok(None);
    }
    let answers = request.input_responses.as_ref();
    let given = answers.and_then(|all| {
        all.get("user_context")?
            .pointer("/content/context")?
            .as_str()
    });
    let Some(text) = given else {
        let question = form("What context should the prompt use?", "context", "string");
        return Ok(Some(
            required(vec![("user_context", question)], None)?.into(),
        ));
    };
    let message = json!({ "role": "user", "content": { "type": "text", "text": text } });
    let result: GetPromptResult = complete(json!({ "messages": [message] }))?;
    Ok(Some(result.into()))
}

enum Step {
    Ask(Vec<(&'static str, Value)>, Option<String>),
    Done(String),
}

fn required(
    requests: Vec<(&'static str, Value)>,
    state: Option<String>,
) -> Result<InputRequiredResult, ErrorData> {
    let requests = requests
        .into_iter()
        .map(|(key, request)| (key.to_owned(), request))
        .collect();
    Ok(InputRequiredResult::new(
        Some(shaped(Value::Object(requests))?),
        state,
    ))
}

/// The kinds of question that this client declared it can answer.
fn able(
    questions: Vec<(&'static str, Value)>,
    context: &RequestContext<RoleServer>,
) -> Vec<(&'static str, Value)> {
    let Some(able) = context.client_capabilities() else {
        return Vec::new();
    };
    questions
        .into_iter()
        .filter(|(_, question)| match question["method"].as_str() {
            Some("elicitation/create") => able.elicitation.is_some(),
            Some("sampling/createMessage") => able.sampling.is_some(),
            _ => able.roots.is_some(),
        })
        .collect()
}

fn questions() -> Vec<(&'static str, Value)> {
    vec![
        ("user_name", name("What is your name?")),
        ("greeting", sampling("Generate a greeting", 50)),
        ("client_roots", roots()),
    ]
}

fn name(message: &str) -> Value {
    form(message, "name", "string")
}

fn form(message: &str, property: &str, kind: &str) -> Value {
    json!({ "method": "elicitation/create", "params": {
        "mode": "form",
        "message": message,
        "requestedSchema": { "type": "object", "properties": { property: { "type": kind } }, "required": [property] },
    }})
}

fn sampling(text: &str, tokens: u32) -> Value {
    let message = json!({ "role": "user", "content": { "type": "text", "text": text } });
    json!({ "method": "sampling/createMessage", "params": { "messages": [message], "maxTokens": tokens } })
}

fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}
