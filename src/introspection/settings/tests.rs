use super::super::introspector::IntrospectionFuture;
use super::*;

/// Not empty: what is empty may have the address of something else.
#[derive(Debug)]
#[expect(dead_code, reason = "only its address counts")]
struct Own(u8);

impl Introspector for Own {
    fn introspect<'a>(&'a self, _: &'a str) -> IntrospectionFuture<'a> {
        Box::pin(std::future::pending())
    }
}

/// Everything is set, so that each row can change one thing to another value.
fn all_set() -> Introspection {
    Introspection {
        introspector: None,
        endpoint: Some("https://idp.example/introspect".to_owned()),
        client_id: Some("id".to_owned()),
        client_secret: Some(Secret::new("secret".to_owned())),
        client_secret_file: Some("secret".into()),
        private_key_file: Some("key.pem".into()),
        bearer_token_file: Some("token".into()),
        auth: Some(Ok(ClientAuth::Basic)),
        tokens: Some(Ok(IntrospectedTokens::Opaque)),
        token_prefix: Some("at_".to_owned()),
        max_age: Some(Duration::from_secs(1)),
        negative_max_age: Some(Duration::from_secs(1)),
        timeout: Some(Duration::from_secs(1)),
        jwt_response: Some(Ok(JwtResponse::Off)),
        allow_missing_audience: false,
        max_stale: Some(Duration::from_secs(1)),
    }
}

#[test]
fn two_settings_are_the_same_only_if_all_of_them_are() {
    let two = Some(Duration::from_secs(2));
    let rows: [(&str, &dyn Fn(&mut Introspection)); 16] = [
        ("introspector", &|it| {
            it.introspector = Some(Arc::new(Own(0)))
        }),
        ("endpoint", &|it| it.endpoint = Some("other".to_owned())),
        ("client_id", &|it| it.client_id = Some("other".to_owned())),
        ("client_secret", &|it| {
            it.client_secret = Some(Secret::new("other".to_owned()));
        }),
        ("client_secret_file", &|it| {
            it.client_secret_file = Some("other".into());
        }),
        ("private_key_file", &|it| {
            it.private_key_file = Some("other".into());
        }),
        ("bearer_token_file", &|it| {
            it.bearer_token_file = Some("other".into());
        }),
        ("auth", &|it| it.auth = Some(Ok(ClientAuth::Post))),
        ("tokens", &|it| {
            it.tokens = Some(Ok(IntrospectedTokens::Only));
        }),
        ("token_prefix", &|it| it.token_prefix = None),
        ("max_age", &|it| it.max_age = two),
        ("negative_max_age", &|it| it.negative_max_age = two),
        ("timeout", &|it| it.timeout = two),
        ("jwt_response", &|it| {
            it.jwt_response = Some(Ok(JwtResponse::Required));
        }),
        ("allow_missing_audience", &|it| {
            it.allow_missing_audience = true;
        }),
        ("max_stale", &|it| it.max_stale = two),
    ];
    assert!(all_set().is_same(&all_set()));
    for (name, change) in rows {
        let mut other = all_set();
        change(&mut other);
        assert!(!all_set().is_same(&other), "{name}");
        assert!(!other.is_same(&all_set()), "{name}");
        assert!(other.is_same(&other.clone()), "{name}");
    }
}

/// Two introspectors may do different things, so only the same instance is the same.
#[test]
fn an_introspector_is_the_same_only_as_itself() {
    let (one, other) = (
        Introspection::with_introspector(Own(0)),
        Introspection::with_introspector(Own(0)),
    );
    assert!(one.is_same(&one.clone()));
    assert!(!one.is_same(&other));
}
