use std::time::Duration;

use rmcp::model::*;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServiceError};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::handler::{Change, Conformance, complete, shaped};
use crate::input_required;

/// A PNG of one red pixel.
pub(crate) const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A WAV file without samples.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

const SIMPLE: [&str; 16] = [
    "test_audio_content",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
    "test_embedded_resource",
    "test_error_handling",
    "test_image_content",
    "test_logging_tool",
    "test_missing_capability",
    "test_multiple_content_types",
    "test_reconnection",
    "test_simple_text",
    "test_streaming_elicitation",
    "test_tool_with_logging",
    "test_tool_with_progress",
    "test_trigger_prompt_change",
    "test_trigger_tool_change",
];

pub(crate) fn all() -> Vec<Value> {
    let tool = |name: &str, schema: Value| json!({ "name": name, "description": name, "inputSchema": schema });
    let text = |name: &str| json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] });
    let nothing = json!({ "type": "object", "properties": {} });
    let mut all: Vec<_> = SIMPLE
        .iter()
        .chain(&input_required::TOOLS)
        .map(|name| tool(name, nothing.clone()))
        .collect();
    all.push(tool("test_elicitation", text("message")));
    all.push(tool("test_sampling", text("prompt")));
    let region = json!({ "type": "string", "x-mcp-header": "Region" });
    all.push(tool(
        "test_headers",
        json!({ "type": "object", "properties": { "region": region } }),
    ));
    all.push(tool("json_schema_2020_12_tool", wide_schema()));
    all
}

fn wide_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": { "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
        }},
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

pub(crate) async fn call(
    server: &Conformance,
    request: CallToolRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<CallToolResult, ErrorData> {
    let argument = |name: &str| {
        let arguments = request.arguments.as_ref();
        arguments
            .and_then(|all| all.get(name)?.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let image = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
    match request.name.as_ref() {
        "test_simple_text" => done("This is a simple text response for testing."),
        "test_image_content" => content(json!([image])),
        "test_audio_content" => {
            content(json!([{ "type": "audio", "data": WAV, "mimeType": "audio/wav" }]))
        }
        "test_embedded_resource" => content(json!([resource(
            "test://embedded-resource",
            "text/plain",
            "This is an embedded resource content."
        ),])),
        "test_multiple_content_types" => content(json!([
            { "type": "text", "text": "Multiple content types test:" },
            image,
            resource("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
        ])),
        "test_error_handling" => complete(json!({
            "isError": true,
            "content": [{ "type": "text", "text": "This tool intentionally returns an error for testing" }],
        })),
        "test_tool_with_logging" => {
            for text in [
                "Tool execution started",
                "Tool processing data",
                "Tool execution completed",
            ] {
                log(&context, text).await;
                sleep(Duration::from_millis(50)).await;
            }
            done("logged")
        }
        "test_logging_tool" => {
            if context
                .meta
                .get("io.modelcontextprotocol/logLevel")
                .is_some()
            {
                log(&context, "asked for").await;
            }
            done("logged, if asked for")
        }
        "test_tool_with_progress" => with_progress(&context).await,
        "test_sampling" => sample(&context, &argument("prompt")).await,
        "test_elicitation" => ask(&context, &argument("message"), user_schema()).await,
        "test_elicitation_sep1034_defaults" => {
            ask(&context, "Say who you are", defaults_schema()).await
        }
        "test_elicitation_sep1330_enums" => ask(&context, "Choose", choices_schema()).await,
        "test_missing_capability" => match context
            .client_capabilities()
            .is_some_and(|known| known.sampling.is_some())
        {
            true => done("the client can sample"),
            false => Err(ErrorData::missing_required_client_capability(shaped(
                json!({ "sampling": {} }),
            )?)),
        },
        "test_streaming_elicitation" => with_progress(&context).await,
        "test_trigger_prompt_change" => {
            let _ = server.changes.send(Change::Prompts);
            done("changed")
        }
        "test_trigger_tool_change" => {
            let _ = server.changes.send(Change::Tools);
            done("changed")
        }
        "test_headers" => done(&argument("region")),
        "test_reconnection" | "json_schema_2020_12_tool" => done("done"),
        name => Err(ErrorData::invalid_params(format!("no tool {name}"), None)),
    }
}

pub(crate) fn done(text: &str) -> Result<CallToolResult, ErrorData> {
    content(json!([{ "type": "text", "text": text }]))
}

fn content(content: Value) -> Result<CallToolResult, ErrorData> {
    complete(json!({ "content": content }))
}

fn resource(uri: &str, mime_type: &str, text: &str) -> Value {
    json!({ "type": "resource", "resource": { "uri": uri, "mimeType": mime_type, "text": text } })
}

async fn log(context: &RequestContext<RoleServer>, text: &str) {
    let Ok(notification) = shaped(json!({
        "method": "notifications/message",
        "params": { "level": "info", "logger": "conformance", "data": text },
    })) else {
        return;
    };
    let _ = context
        .peer
        .send_notification(ServerNotification::LoggingMessageNotification(notification))
        .await;
}

async fn with_progress(context: &RequestContext<RoleServer>) -> Result<CallToolResult, ErrorData> {
    for progress in [0, 50, 100] {
        if let Some(token) = context.meta.get("progressToken") {
            let params = json!({ "progressToken": token, "progress": progress, "total": 100 });
            let _ = context.peer.notify_progress(shaped(params)?).await;
        }
        sleep(Duration::from_millis(50)).await;
    }
    done("done in three steps")
}

async fn sample(
    context: &RequestContext<RoleServer>,
    prompt: &str,
) -> Result<CallToolResult, ErrorData> {
    let message = json!({ "role": "user", "content": { "type": "text", "text": prompt } });
    let params = shaped(json!({ "messages": [message], "maxTokens": 100 }))?;
    let answer = context.peer.create_message(params).await.map_err(failed)?;
    let answer = serde_json::to_value(answer).unwrap_or_default();
    let text = answer
        .pointer("/content/text")
        .or_else(|| answer.pointer("/content/0/text"));
    done(&format!(
        "LLM response: {}",
        text.and_then(Value::as_str).unwrap_or_default()
    ))
}

async fn ask(
    context: &RequestContext<RoleServer>,
    message: &str,
    schema: Value,
) -> Result<CallToolResult, ErrorData> {
    let params = shaped(json!({ "mode": "form", "message": message, "requestedSchema": schema }))?;
    let answer = context
        .peer
        .create_elicitation(params)
        .await
        .map_err(failed)?;
    let answer = serde_json::to_value(answer).unwrap_or_default();
    let action = answer["action"].as_str().unwrap_or_default();
    done(&format!(
        "Elicitation completed: action={action}, content={}",
        answer["content"]
    ))
}

fn failed(error: ServiceError) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}

fn user_schema() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "properties": { "username": text("User's response"), "email": text("User's email address") },
        "required": ["username", "email"],
    })
}

fn defaults_schema() -> Value {
    json!({ "type": "object", "properties": {
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true },
    }})
}

fn choices_schema() -> Value {
    let titled = |titles: [(&str, &str); 3]| {
        titles.map(|(value, title)| json!({ "const": value, "title": title }))
    };
    let values = ["option1", "option2", "option3"];
    json!({ "type": "object", "properties": {
        "untitledSingle": { "type": "string", "enum": values },
        "titledSingle": { "type": "string", "oneOf": titled([
            ("value1", "First Option"), ("value2", "Second Option"), ("value3", "Third Option"),
        ])},
        "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"] },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": values } },
        "titledMulti": { "type": "array", "items": { "anyOf": titled([
            ("value1", "First Choice"), ("value2", "Second Choice"), ("value3", "Third Choice"),
        ])}},
    }})
}
