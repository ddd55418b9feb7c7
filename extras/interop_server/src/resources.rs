//! The resources and prompts that the suite expects.

use rmcp::ErrorData;
use rmcp::model::{GetPromptRequestParams, GetPromptResult, ReadResourceResult};
use serde_json::{Value, json};

use crate::handler::complete;
use crate::tools::PNG;

pub(crate) fn all() -> Value {
    json!([
        { "uri": "test://static-text", "name": "text", "description": "a text", "mimeType": "text/plain" },
        { "uri": "test://static-binary", "name": "binary", "description": "a picture", "mimeType": "image/png" },
        { "uri": "test://watched-resource", "name": "watched", "description": "to subscribe to", "mimeType": "text/plain" },
    ])
}

pub(crate) fn read(uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let template = uri
        .strip_prefix("test://template/")
        .and_then(|rest| rest.strip_suffix("/data"));
    let content = match (uri, template) {
        ("test://static-text" | "test://watched-resource", _) => {
            json!({ "uri": uri, "mimeType": "text/plain", "text": "the content of a text" })
        }
        ("test://static-binary", _) => json!({ "uri": uri, "mimeType": "image/png", "blob": PNG }),
        (_, Some(id)) => {
            let text =
                json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            json!({ "uri": uri, "mimeType": "application/json", "text": text.to_string() })
        }
        _ => {
            return Err(ErrorData::invalid_params(
                "Resource not found",
                Some(json!({ "uri": uri })),
            ));
        }
    };
    complete(json!({ "contents": [content], "ttlMs": 1000, "cacheScope": "private" }))
}

pub(crate) fn prompts() -> Value {
    let argument = |name: &str| json!({ "name": name, "description": name, "required": true });
    json!([
        { "name": "test_simple_prompt", "description": "no arguments" },
        { "name": "test_prompt_with_arguments", "description": "two arguments", "arguments": [argument("arg1"), argument("arg2")] },
        { "name": "test_prompt_with_embedded_resource", "description": "a resource", "arguments": [argument("resourceUri")] },
        { "name": "test_prompt_with_image", "description": "a picture" },
        { "name": "test_input_required_result_prompt", "description": "asks first" },
    ])
}

pub(crate) fn prompt(request: &GetPromptRequestParams) -> Result<GetPromptResult, ErrorData> {
    let argument = |name: &str| {
        let arguments = request.arguments.as_ref();
        arguments
            .and_then(|all| all.get(name)?.as_str())
            .unwrap_or_default()
    };
    let text = |text: &str| json!({ "type": "text", "text": text });
    let contents = match request.name.as_str() {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            let (first, second) = (argument("arg1"), argument("arg2"));
            vec![text(&format!(
                "Prompt with arguments: arg1='{first}', arg2='{second}'"
            ))]
        }
        "test_prompt_with_embedded_resource" => vec![
            json!({ "type": "resource", "resource": {
                "uri": argument("resourceUri"),
                "mimeType": "text/plain",
                "text": "Embedded resource content for testing.",
            }}),
            text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image" => vec![
            json!({ "type": "image", "data": PNG, "mimeType": "image/png" }),
            text("Please analyze the image above."),
        ],
        name => return Err(ErrorData::invalid_params(format!("no prompt {name}"), None)),
    };
    let messages: Vec<_> = contents
        .into_iter()
        .map(|content| json!({ "role": "user", "content": content }))
        .collect();
    complete(json!({ "messages": messages }))
}
