//! Beside other libraries: each recipe is a file of `extras/recipes` in the repository, compiled
//! and tested against the version that is named here, with its imports. This page has the main
//! lines, and what to watch.
//!
//! # Several routes with different settings
//!
//! Clones of a layer share its keys, its task and its cache. So one configuration serves routes
//! with different rules: a clone that is [`optional`](crate::JwtAuthLayer::optional), scopes per
//! route, and a second layer for a second audience (`routes.rs`).
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! pub fn app(config: JwtAuthConfigBuilder) -> Result<Router, ConfigError> {
//!     let auth = JwtAuthLayer::new(config.clone().resource("https://api.example.com").build()?);
//!
//!     // A token is enough to read, and writing needs a scope.
//!     let save = post(|| async { "saved" }).layer(RequireScopesLayer::new(["notes:write"]));
//!     let notes = Router::new().route("/notes", get(|| async { "notes" }).merge(save));
//!
//!     // Callers without a token are welcome, and callers with a bad one are not.
//!     let feed = Router::new()
//!         .route("/feed", get(feed))
//!         .route_layer(auth.clone().optional());
//!
//!     // Another audience is another layer. It shares the issuer's keys with the first.
//!     let admin = config
//!         .resource("https://api.example.com/admin")
//!         .keys_of(&auth);
//!     let admin = JwtAuthLayer::new(admin.build()?)
//!         .protect(Router::new().route("/admin", get(|| async { "admin" })));
//!
//!     Ok(auth
//!         .protect(notes)
//!         .merge(feed)
//!         .merge(admin)
//!         .route("/about", get(|| async { "open to everybody" })))
//! }
//! # }
//! ```
//!
//! - What is added after `protect` is open. What is in the router before it is protected.
//! - `optional()` lets callers in who send no token. A bad token is rejected.
//!
//! # tower-http's layers, in order
//!
//! With tower-http 0.7 (`layers.rs`). The first line is the outermost layer.
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! /// The first line of the list is the outermost layer.
//! pub fn app(auth: &JwtAuthLayer, routes: Router) -> Router {
//!     let outside = ServiceBuilder::new()
//!         // Before anything that prints headers: the auth layer marks the token only further in.
//!         .layer(SetSensitiveRequestHeadersLayer::new([
//!             header::AUTHORIZATION,
//!         ]))
//!         .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
//!         // Outside the auth layer, so that rejections are in the log too.
//!         .layer(
//!             TraceLayer::new_for_http().make_span_with(DefaultMakeSpan::new().include_headers(true)),
//!         )
//!         .layer(PropagateRequestIdLayer::x_request_id())
//!         .layer(CompressionLayer::new())
//!         // Outside the auth layer: preflight requests carry no token, and scripts read rejections.
//!         .layer(cors())
//!         // Longer than the auth layer waits for keys, which is 5 s.
//!         .layer(TimeoutLayer::with_status_code(
//!             StatusCode::GATEWAY_TIMEOUT,
//!             Duration::from_secs(30),
//!         ))
//!         .layer(RequestBodyLimitLayer::new(1024 * 1024));
//!     auth.protect(routes).layer(outside)
//! }
//! # }
//! ```
//!
//! - **Sensitive headers first.** The auth layer marks `Authorization` too, but a `TraceLayer`
//!   further out has printed it by then.
//! - **Tracing and CORS outside.** Rejections belong into the log, preflight requests carry no
//!   token, and a browser hides a 401 without CORS headers from its script.
//! - **Timeouts outside, and longer than 5 s**: so long may a request wait for a key.
//! - **`CompressionLayer` leaves event streams alone**, so streams of MCP stay live.
//! - `ValidateRequestHeaderLayer`, or any layer that compares a fixed token, has no place beside
//!   this one.
//!
//! # The probes of Kubernetes
//!
//! `probes.rs`:
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! pub fn app(auth: &JwtAuthLayer, routes: Router) -> Router {
//!     // Starts fetching keys, so that the first request need not wait. It may fail: the task retries.
//!     let warm = auth.clone();
//!     tokio::spawn(async move { warm.wait_for_keys().await });
//!
//!     let keys = auth.clone();
//!     let ready = move || {
//!         let ready = keys.keys_health().is_ready();
//!         async move {
//!             if ready {
//!                 StatusCode::OK
//!             } else {
//!                 StatusCode::SERVICE_UNAVAILABLE
//!             }
//!         }
//!     };
//!     auth.protect(routes)
//!         // Only that the process runs. A restart does not end an outage of the issuer.
//!         .route("/livez", get(|| async { StatusCode::OK }))
//!         .route("/readyz", get(ready))
//! }
//! # }
//! ```
//!
//! ```yaml
//! startupProbe:   {httpGet: {path: /livez, port: 3000}, failureThreshold: 30, periodSeconds: 1}
//! livenessProbe:  {httpGet: {path: /livez, port: 3000}}
//! readinessProbe: {httpGet: {path: /readyz, port: 3000}}
//! ```
//!
//! - A liveness probe that asks for keys restarts every replica when the issuer is down. Nothing
//!   gets better by that.
//! - Readiness that asks for keys takes every replica out of service in the same outage, once keys
//!   are older than `max_stale`. Callers then get an error of the balancer in place of 503 with
//!   `Retry-After`. Leave the keys out of `/readyz` if you prefer the latter.
//! - `with_graceful_shutdown` waits for open event streams too: give it a limit.
//!
//! # OpenTelemetry
//!
//! With tracing-opentelemetry 0.34 (`open_telemetry.rs`). The layer leaves each
//! [`Rejection`](crate::Rejection) in the extensions of its response, so the span can say why:
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! /// Fields that are known later begin empty: a span takes no others.
//! fn span(request: &Request) -> Span {
//!     tracing::info_span!(
//!         "request",
//!         otel.name = format!("{} {}", request.method(), request.uri().path()),
//!         otel.kind = "server",
//!         http.request.method = request.method().as_str(),
//!         url.path = request.uri().path(),
//!         http.response.status_code = Empty,
//!         "error.type" = Empty,
//!         enduser.id = Empty,
//!         auth.reason = Empty,
//!     )
//! }
//!
//! /// `enduser.id` is personal data. Record `enduser.pseudo.id` with a hash instead if you must not
//! /// keep it.
//! async fn caller(auth: AuthInfo, request: Request, next: Next) -> Response<Body> {
//!     let id = auth.subject().unwrap_or(auth.client_id());
//!     Span::current().record("enduser.id", id);
//!     next.run(request).await
//! }
//!
//! /// The layer leaves each rejection in the extensions of its response.
//! fn outcome<B>(response: &Response<B>, _: Duration, span: &Span) {
//!     let status = response.status();
//!     span.record("http.response.status_code", status.as_u16());
//!     if status.is_server_error() {
//!         span.record("error.type", status.as_str());
//!     }
//!     if let Some(rejection) = response.extensions().get::<Rejection>() {
//!         match rejection.token_error() {
//!             Some(error) => span.record("auth.reason", error.kind().code()),
//!             None => span.record("auth.reason", debug(rejection.kind())),
//!         };
//!     }
//! }
//! # }
//! ```
//!
//! - The events of this crate are in the span of the request, so their fields stand beside these.
//! - `error.type` is for what the server did wrong, as the conventions have it; a 401 is no error
//!   of the server.
//! - `enduser.scope` is deprecated and has no successor: record scopes under a name of your own.
//!
//! # A file, then the environment
//!
//! With figment 0.10, `cargo add figment --features env,json` (`settings.rs`):
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! /// The settings that a variable may change: `AUTH_ISSUER`, and `AUTH_JWKS_CACHE__MAX_AGE` for
//! /// `max_age` in `jwks_cache`. They are named one by one, because a setting with an unknown name is
//! /// an error, and a variable such as `AUTH_TOKEN` may belong to another program.
//! const VARIABLES: [&str; 6] = [
//!     "audience",
//!     "issuer",
//!     "jwks_cache__max_age",
//!     "jwks_uri",
//!     "required_scopes",
//!     "resource",
//! ];
//!
//! pub fn builder(file: &str) -> Result<JwtAuthConfigBuilder, Box<dyn std::error::Error>> {
//!     // For `Json::file`, a missing file is no error: its rules would be lost.
//!     let text = std::fs::read_to_string(file)?;
//!     let mut figment = Figment::from(Json::string(&text));
//!     for (name, text) in Env::prefixed("AUTH_").only(&VARIABLES).split("__").iter() {
//!         // A list is JSON. Anything else stays a text: figment would make a number of `12345`.
//!         figment = match text.starts_with('[') {
//!             true => figment.merge((name.as_str(), serde_json::from_str::<Vec<String>>(&text)?)),
//!             false => figment.merge((name.as_str(), text)),
//!         };
//!     }
//!     Ok(figment.extract()?)
//! }
//! # }
//! ```
//!
//! - Do not use `Env::prefixed("AUTH_")` as it is: unknown settings are errors, and one variable of
//!   another program would stop yours.
//! - A list is written as JSON: `AUTH_REQUIRED_SCOPES='["notes:read"]'`.
//! - Add what no file can hold, such as a `check`, to the builder before `build`.
//!
//! # OpenAPI
//!
//! With utoipa 6 (`openapi.rs`). The helper works on plain JSON, so it suits other generators too:
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! /// Adds the security scheme `token`, and the rejections of the layer to each operation that has
//! /// `security`. The issuer needs OpenID Connect Discovery, as nearly all have.
//! pub fn describe_auth(document: &mut Value, issuer: &str) {
//!     let issuer = issuer.trim_end_matches('/');
//!     document["components"]["securitySchemes"]["token"] = json!({
//!         "type": "openIdConnect",
//!         "openIdConnectUrl": format!("{issuer}/.well-known/openid-configuration"),
//!     });
//!     document["components"]["schemas"]["Rejection"] = json!({
//!         "type": "object",
//!         "required": ["error", "error_description"],
//!         "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
//!     });
//!     let paths = document["paths"].as_object_mut().into_iter().flatten();
//!     let paths = paths.filter_map(|(_, path)| path.as_object_mut());
//!     for operation in paths.flat_map(|path| path.values_mut()) {
//!         if operation.get("security").is_none() {
//!             continue;
//!         }
//!         for (status, description) in [
//!             (
//!                 "401",
//!                 "The token is missing or not valid; `WWW-Authenticate` says how to get one",
//!             ),
//!             (
//!                 "403",
//!                 "The token lacks a scope; `WWW-Authenticate` names it",
//!             ),
//!             (
//!                 "503",
//!                 "The keys of the issuer are unavailable; keep the token and retry",
//!             ),
//!         ] {
//!             let schema = json!({"$ref": "#/components/schemas/Rejection"});
//!             operation["responses"][status] = json!({
//!                 "description": description,
//!                 "content": {"application/json": {"schema": schema}},
//!             });
//!         }
//!     }
//! }
//! # }
//! ```
//!
//! - The document is open, outside `protect`: clients read it before they have a token.
//! - The scopes in the document and those of `RequireScopesLayer` are written twice. The test of
//!   the recipe compares them; do the same.
//!
//! # WebSockets
//!
//! The handshake is a request like any other, and the layer checks it. A script in a browser can
//! set no header, so its token comes as a subprotocol (`web_sockets.rs`):
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! /// A script cannot set `Authorization` on a handshake. It sends the token as a subprotocol,
//! /// `new WebSocket(url, ["bearer", token])`. Not in the query: URLs are logged.
//! pub fn app(config: JwtAuthConfigBuilder) -> Result<Router, ConfigError> {
//!     let sources = [
//!         TokenSource::authorization(),
//!         TokenSource::websocket_protocol("bearer"),
//!     ];
//!     let auth = JwtAuthLayer::new(config.token_sources(sources).build()?);
//!     // Every method: over HTTP/2, a handshake is a CONNECT request.
//!     Ok(auth.protect(Router::new().route("/notes", any(handshake))))
//! }
//!
//! /// A browser closes the socket unless the response chooses one of its subprotocols.
//! async fn handshake(socket: WebSocketUpgrade, auth: AuthInfo) -> Response {
//!     socket
//!         .protocols(["bearer"])
//!         .on_upgrade(|socket| serve(socket, auth))
//! }
//! # }
//! ```
//!
//! A socket then outlives its token, unless you end it:
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! async fn serve(mut socket: WebSocket, auth: AuthInfo) {
//!     let left = auth.expires_at().duration_since(SystemTime::now());
//!     let talk = talk(&mut socket, &auth);
//!     if tokio::time::timeout(left.unwrap_or_default(), talk)
//!         .await
//!         .is_err()
//!     {
//!         let frame = CloseFrame {
//!             code: TOKEN_EXPIRED,
//!             reason: "the token has expired".into(),
//!         };
//!         // The client may be gone already.
//!         let _ = socket.send(Message::Close(Some(frame))).await;
//!     }
//! }
//! # }
//! ```
//!
//! - CORS does not apply to WebSockets. A page of another site has no token, so it gets 401; a
//!   cookie would be sent along, and would need a check of `Origin`.
//!
//! # Pages with a login, an API with tokens
//!
//! With axum-login 0.18 (`sessions.rs`). Each half has its own layer, and neither opens the other:
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! pub fn app(auth: &JwtAuthLayer, users: Users) -> Router {
//!     let sessions = SessionManagerLayer::new(MemoryStore::default());
//!     let sessions = AuthManagerLayerBuilder::new(users, sessions).build();
//!     let pages = Router::new()
//!         .route("/account", get(account))
//!         .route_layer(login_required!(Users, login_url = "/login"))
//!         .route("/login", post(login))
//!         .layer(sessions);
//!     let api = Router::new().route("/api/notes", get(notes));
//!     // Each half has its own layer, and neither sees the requests of the other.
//!     pages.merge(auth.protect(api))
//! }
//! # }
//! ```
//!
//! - A user of the pages and a subject of a token are two names. Store issuer and subject with the
//!   user if they are the same person.
//! - Do not let a cookie open the API: a token is safe against cross-site requests, and a cookie is
//!   not.
//!
//! # actix-web
//!
//! With actix-web 4 (`actix.rs`), which is not tower: a middleware around
//! [`verify_request`](crate::JwtVerifier::verify_request).
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! async fn authenticate<B: MessageBody + 'static>(
//!     verifier: Data<JwtVerifier>,
//!     request: ServiceRequest,
//!     next: Next<B>,
//! ) -> Result<ServiceResponse<EitherBody<B>>, Error> {
//!     let Some(parts) = parts(&request) else {
//!         let response = HttpResponse::BadRequest().finish();
//!         return Ok(request.into_response(response).map_into_right_body());
//!     };
//!     match verifier.verify_request(&parts).await {
//!         Ok(auth) => {
//!             request.extensions_mut().insert(auth);
//!             Ok(next.call(request).await?.map_into_left_body())
//!         }
//!         Err(rejection) => {
//!             let response = response(&rejection);
//!             Ok(request.into_response(response).map_into_right_body())
//!         }
//!     }
//! }
//! # }
//! ```
//!
//! - actix-web has the types of `http` 0.2, so method, URI and headers are made anew; the file has
//!   the two conversions.
//! - Serve the metadata yourself, without authentication: [`JwtAuthLayer::resource_metadata`](crate::JwtAuthLayer::resource_metadata)
//!   has its path and its document.
//!
//! # poem
//!
//! With poem 3 (`poem_app.rs`), in the same way:
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! async fn authenticate<E: Endpoint>(
//!     verifier: JwtVerifier,
//!     next: Arc<E>,
//!     mut request: Request,
//! ) -> Result<E::Output> {
//!     let parts = parts(&request);
//!     match verifier.verify_request(&parts).await {
//!         Ok(auth) => {
//!             request.extensions_mut().insert(auth);
//!             next.call(request).await
//!         }
//!         Err(rejection) => Err(poem::Error::from_response(response(&rejection))),
//!     }
//! }
//! # }
//! ```
//!
//! # AWS Lambda
//!
//! With lambda_http 1.3 (`lambda.rs`) an axum router is a Lambda function:
//!
//! ```
//! # #[cfg(any())] // compiled in extras/recipes
//! # mod shown {
//! pub async fn run(config: JwtAuthConfig) -> Result<(), lambda_http::Error> {
//!     let auth = JwtAuthLayer::new(config);
//!     // In the init phase, so that the first caller need not wait. When it fails, the first request
//!     // tries again.
//!     let _ = auth.wait_for_keys().await;
//!     lambda_http::run(app(&auth)).await
//! }
//! # }
//! ```
//!
//! - A frozen function fetches nothing. Keys that have grown old meanwhile are still used while a
//!   fetch runs, up to `max_stale`.
//! - Every new instance fetches the keys once. Set `jwks_uri`, which saves the fetch of the
//!   metadata, or `initial_jwks` with a set that your deployment has fetched.
//! - Give the API a domain of its own. Under a stage such as `/prod` the metadata is not at the
//!   root of the host, where clients look for it; `AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH` keeps the
//!   stage out of the paths of your routes.
//! - Let API Gateway pass the request on without an authorizer of its own, so that clients get the
//!   challenge.
//!
//! # Elsewhere
//!
//! - rmcp on axum and on plain hyper, tower-mcp, tonic, rust-mcp-sdk: `extras/frameworks`.
//! - Tests of an app: [`testing`](super::testing).
//! - Several servers on one host: [`mcp`](super::mcp#several-servers-on-one-host).
