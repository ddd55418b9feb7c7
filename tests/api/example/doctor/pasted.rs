//! What is said of a token as people copy it.

use std::time::{Duration, SystemTime};

use super::*;

/// What is around a token is named, and the token inside is judged.
#[test]
fn field_g06_what_people_paste_is_understood() {
    let issuer = TestIssuer::start();
    let config = right(&issuer);
    let token = good(&issuer);
    let expired = |pasted: &dyn Fn(&str) -> String| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let past = now.unwrap().as_secs() - 7200;
        pasted(
            &good_of(&issuer)
                .valid(past, Duration::from_secs(3600))
                .sign(),
        )
    };
    let refresh = "s3cr3t-refresh-0123456789";
    let answer = |token: &str| {
        json!({"access_token": token, "token_type": "Bearer", "refresh_token": refresh, "scope": "notes:read"})
            .to_string()
    };
    let wrapped = |token: &str| {
        let lines: Vec<_> = token.as_bytes().chunks(64).collect();
        lines
            .iter()
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect::<Vec<_>>()
            .join("\n")
    };
    type Paste<'p> = &'p dyn Fn(&str) -> String;
    let pastes: [(&str, Paste<'_>, &str, &str); 17] = [
        (
            "a byte order mark",
            &|token| format!("\u{feff}{token}\n"),
            "",
            "",
        ),
        (
            "the answer of a token endpoint",
            &answer,
            "",
            "its `access_token` is judged",
        ),
        (
            "the answer after Bearer",
            &|token| format!("Bearer {}", answer(token)),
            "token_malformed",
            "the whole JSON answer",
        ),
        (
            "quotes",
            &|token| format!("\"{token}\"\n"),
            "token_quoted",
            "Remove the quotes",
        ),
        (
            "single quotes",
            &|token| format!("'{token}'"),
            "token_quoted",
            "Remove the quotes",
        ),
        (
            "quotes that are escaped",
            &|token| format!("\\\"{token}\\\""),
            "token_quoted",
            "Remove the quotes",
        ),
        (
            "one quote",
            &|token| format!("{token}\""),
            "token_quoted",
            "Remove the quotes",
        ),
        (
            "quotes after Bearer",
            &|token| format!("Bearer \"{token}\""),
            "token_quoted",
            "Remove the quotes",
        ),
        (
            "quotes around all",
            &|token| format!("'Authorization: Bearer {token}'"),
            "token_quoted",
            "Remove the quotes",
        ),
        (
            "two schemes",
            &|token| format!("Bearer Bearer {token}"),
            "scheme_repeated",
            "twice",
        ),
        (
            "another scheme",
            &|token| format!("JWT {token}"),
            "scheme_unknown",
            "Write `Bearer`",
        ),
        (
            "a colon",
            &|token| format!("Bearer: {token}"),
            "scheme_unknown",
            "Write `Bearer`",
        ),
        (
            "wrapped",
            &wrapped,
            "token_malformed",
            "it has a line break: it is in",
        ),
        (
            "wrapped after Bearer",
            &|token| format!("Authorization: Bearer {}", wrapped(token)),
            "token_malformed",
            "it has a line break: it is in",
        ),
        (
            "a space inside",
            &|token| format!("{} {}", &token[..30], &token[30..]),
            "token_malformed",
            "it has white space in it",
        ),
        (
            "a command",
            &|token| format!("curl -H 'Authorization: Bearer {token}' https://mcp.example.com/mcp"),
            "token_malformed",
            "it is more than a token: 31 bytes stand in front, 29 behind",
        ),
        (
            "a fragment",
            &|token| format!("https://app.example/cb#access_token={token}&token_type=Bearer"),
            "token_malformed",
            "it is more than a token",
        ),
    ];
    for (what, paste, code, part) in pastes {
        let said = judge(&config, &paste(&token));
        assert_eq!(
            said.code,
            Some(i32::from(!code.is_empty())),
            "{what}: {said:?}"
        );
        said.shows(what, part);
        said.shows(what, "accepted, with the scopes notes:read");
        let wrong = match code {
            "" => "nothing is wrong".to_owned(),
            code => format!("1 wrong: {code}"),
        };
        assert_eq!(said.output.lines().last(), Some(&*wrong), "{what}");
        assert!(!said.output.contains("s3cr3t"), "{what}: {}", said.output);
        let said = judge(&config, &expired(paste));
        let last = said.output.lines().last().unwrap();
        assert!(last.ends_with("token_expired"), "{what}: {}", said.output);
    }
    let variable = "it is the name of a variable, not its value";
    let unset = "it stands for a token that was not put in";
    for (pasted, part) in [
        ("$TOKEN", variable),
        ("Bearer $TOKEN", variable),
        ("Authorization: Bearer ${TOKEN}", variable),
        ("Bearer %TOKEN%", variable),
        ("Bearer {{ token }}", variable),
        ("$(cat token.txt)", variable),
        ("'$TOKEN'", variable),
        ("Bearer undefined", unset),
        ("null", unset),
        ("Bearer <token>", unset),
        ("Bearer [object Object]", unset),
        (
            "{\"error\":\"invalid_client\"}",
            "it is an error of the token endpoint",
        ),
        (
            "{\"id_token\":\"e30.e30.s3cr3ts3cr3t\"}",
            "a JSON object without `access_token`",
        ),
        (
            "Bearer s3cr3ts3cr3t\u{e9}",
            "a character that no token has: \\u{e9}",
        ),
    ] {
        let said = judge(&config, pasted);
        assert_eq!(said.code, Some(1), "{pasted}: {said:?}");
        said.shows(pasted, part);
        said.shows(pasted, "token_malformed: ");
        said.shows(pasted, "  DO    ");
        assert!(!said.output.contains("s3cr3t"), "{pasted}: {}", said.output);
    }
}
