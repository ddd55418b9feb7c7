use redis::{RedisError, cmd, parse_redis_value};

use super::*;

/// The answer of a server with these bytes, where `,` stands for the end of a line.
fn answer(text: &str) -> Value {
    parse_redis_value(text.replace(',', "\r\n").as_bytes()).unwrap()
}

fn id_of(milliseconds: u64, sequence: u64) -> EntryId {
    EntryId {
        milliseconds,
        sequence,
    }
}

#[test]
fn each_answer_is_read_and_no_other() {
    assert_eq!(value(answer("$1,x,")), Some(Some(b"x".to_vec())));
    assert_eq!(value(answer("$0,,")), Some(None), "GETRANGE of no name");
    assert_eq!(value(answer(":1,")), None);
    assert_eq!(done(answer("+OK,")), Some(()));
    assert_eq!(done(answer("$-1,")), None);
    assert_eq!(done_or_nil(answer("+OK,")), Some(true));
    assert_eq!(done_or_nil(answer("$-1,")), Some(false));
    assert_eq!(done_or_nil(answer("$2,OK,")), None);
    assert_eq!(any(answer(":0,")), Some(false));
    assert_eq!(any(answer(":2,")), Some(true));
    assert_eq!(any(answer("$1,1,")), None);
    assert_eq!(id(answer("$3,5-6,")), Some(id_of(5, 6)));
    for other in ["$1,5,", "$3,5-x,", "$4,-5-6,", ":5,", "$-1,"] {
        assert_eq!(id(answer(other)), None, "{other}");
    }
}

#[test]
fn entries_of_a_stream() {
    let stream = |entries: &str| entries_of(&format!("*1,*2,$1,s,{entries}"));
    fn entries_of(text: &str) -> Option<Vec<Entry>> {
        entries(answer(text))
    }
    assert_eq!(entries_of("*-1,"), Some(Vec::new()), "nothing came");
    assert_eq!(stream("*0,"), Some(Vec::new()));
    let entry = |record: Option<&[u8]>| Entry {
        id: id_of(1, 2),
        record: record.map(<[u8]>::to_vec),
    };
    for (fields, record) in [
        ("*2,$1,e,$2,ab,", Some(&b"ab"[..])),
        ("*2,$1,e,$0,,", Some(b"")),
        ("*2,$1,f,$2,ab,", None),
        ("*4,$1,e,$2,ab,$1,f,$1,x,", None),
        ("*0,", None),
        ("*-1,", None),
    ] {
        let read = stream(&format!("*1,*2,$3,1-2,{fields}"));
        assert_eq!(read, Some(vec![entry(record)]), "{fields}");
    }
    for other in [
        "*0,",
        "$1,x,",
        "*1,*1,$1,s,",
        "*2,*2,$1,s,*0,*2,$1,t,*0,",
        "*1,*2,$1,s,*1,*1,$3,1-2,",
        "*1,*2,$1,s,*1,*2,$1,1,*0,",
    ] {
        assert_eq!(entries_of(other), None, "{other}");
    }
    let of_script = "*2,*2,$3,1-2,*2,$1,e,$2,ab,*2,$3,1-3,*0,";
    let without = Entry {
        id: id_of(1, 3),
        record: None,
    };
    assert_eq!(
        page(answer(of_script)),
        Some(vec![entry(Some(b"ab")), without])
    );
    assert_eq!(page(answer("*0,")), Some(Vec::new()));
    assert_eq!(page(answer("*-1,")), None);
}

#[test]
fn facts_about_a_server() {
    let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
    let told = |info: &str| section(text(info)).unwrap();
    let (server, replication) = (
        told("# Server\r\nrun_id:aa\r\n"),
        told("master_replid:bb\r\n"),
    );
    assert_eq!(identity(&server, &replication).as_deref(), Some("aa bb"));
    assert_eq!(identity("", &replication).as_deref(), Some("bb"));
    assert_eq!(identity("run_id_:aa", ""), None);
    assert!(section(Value::Nil).is_none());

    let of_one = |info: &str| sections(text(info)).unwrap();
    let sizes = "# Memory\r\nused_memory:5\r\nmaxmemory:10\r\nmaxmemory_policy:noeviction\r\n";
    let all = ServerMemory {
        maxmemory: Some(10),
        used_memory: Some(5),
        maxmemory_policy: Some("noeviction".to_owned()),
        evicted_keys: Some(3),
    };
    let evicted = "evicted_keys:3\r\n";
    assert_eq!(
        memory(&of_one(sizes), &of_one(evicted)),
        std::slice::from_ref(&all)
    );
    assert_eq!(
        memory(
            &of_one("maxmemory:many\r\nmaxmemory_policy_:x"),
            &of_one("")
        ),
        [ServerMemory::default()]
    );

    // Of a cluster, in any order, and one that is starting.
    let (a, b, c) = (text("a:1"), text("b:1"), text("c:1"));
    let loading = answer("-LOADING Redis is loading,");
    let sizes = sections(Value::Map(vec![
        (a.clone(), text(sizes)),
        (b.clone(), text("used_memory:7")),
        (c, loading),
    ]));
    let evicted = sections(Value::Map(vec![
        (b, text("evicted_keys:4")),
        (a, text("evicted_keys:3")),
    ]));
    let second = ServerMemory {
        used_memory: Some(7),
        evicted_keys: Some(4),
        ..ServerMemory::default()
    };
    assert_eq!(memory(&sizes.unwrap(), &evicted.unwrap()), [all, second]);
}

/// What a server says about a command may hold a value or a password, so it is in no message.
#[test]
fn errors_of_a_server_have_a_kind_and_show_nothing() {
    use StoreErrorKind::{Full, IdsExhausted, Other, Refused, Unreachable, WrongType};
    for (command, text, kind, is_dead) in [
        (
            "SET",
            "-OOM command not allowed when used memory > 'maxmemory'.,",
            Full,
            false,
        ),
        (
            "EVAL",
            "-ERR Error running script: @user_script:1: OOM hidden,",
            Full,
            false,
        ),
        (
            "SET",
            "-WRONGTYPE Operation against a key holding the wrong kind,",
            WrongType,
            false,
        ),
        (
            "SET",
            "-NOPERM User hidden has no permissions to run the 'set' command,",
            Refused,
            false,
        ),
        (
            "EVAL",
            "-ERR The user executing the script can't run this command,",
            Refused,
            false,
        ),
        ("SET", "-NOAUTH Authentication required.,", Refused, true),
        (
            "SET",
            "-WRONGPASS invalid username-password pair,",
            Refused,
            true,
        ),
        ("SET", "-MOVED 3999 127.0.0.1:6381,", Refused, false),
        ("SET", "-ASK 3999 127.0.0.1:6381,", Other, false),
        (
            "SET",
            "-READONLY You can't write against a read only replica.,",
            Unreachable,
            true,
        ),
        (
            "XREAD",
            "-UNBLOCKED force unblock from blocking operation,",
            Unreachable,
            true,
        ),
        (
            "SET",
            "-LOADING Redis is loading the dataset in memory,",
            Unreachable,
            false,
        ),
        (
            "SET",
            "-CLUSTERDOWN The cluster is down,",
            Unreachable,
            false,
        ),
        (
            "SET",
            "-ERR max number of clients reached,",
            Unreachable,
            false,
        ),
        (
            "XADD",
            "-ERR The stream has exhausted the last possible ID, unable to add more items,",
            IdsExhausted,
            false,
        ),
        (
            "SET",
            "-ERR The stream has exhausted the last possible ID,",
            Other,
            false,
        ),
        (
            "SET",
            "-ERR unknown command 'SET', with args beginning with: 'hidden',",
            Other,
            false,
        ),
        ("SET", "-ODD hidden,", Other, false),
        ("XINFO", "-ERR no such key,", Other, false),
    ] {
        let error = answer(&text.replace(", ", "; "))
            .extract_error()
            .unwrap_err();
        let told = super::error(Some(&cmd(command)), &error);
        assert_eq!(told.kind, kind, "{text}");
        assert_eq!(is_lost(&error), is_dead, "{text}");
        assert!(
            told.message.starts_with(&format!("{command}: ")),
            "{}",
            told.message
        );
        assert!(!told.message.contains("hidden"), "{}", told.message);
    }
    let says = |command: Option<&Cmd>, text: &str| {
        let error = answer(text).extract_error().unwrap_err();
        super::error(command, &error)
    };
    let set = cmd("SET");
    let asked = says(Some(&set), "-ASK 3999 127.0.0.1:6381,");
    assert!(asked.message.contains("+asking"), "{}", asked.message);
    let absent = says(Some(&cmd("XINFO")), "-ERR no such key,");
    assert!(absent.message.ends_with(NO_SUCH_NAME), "{}", absent.message);
    // A server that refuses to connect us is not asked all the time.
    assert_eq!(says(None, "-ERR DB index is out of range,").kind, Refused);
    assert_eq!(
        says(Some(&set), "-ERR DB index is out of range,").kind,
        Other
    );
    let broken: RedisError = std::io::Error::from(std::io::ErrorKind::BrokenPipe).into();
    assert_eq!(super::error(None, &broken).kind, Unreachable);
    assert_eq!(
        super::error(None, &broken).message,
        "connecting: broken pipe"
    );
    assert!(is_lost(&broken));
}
