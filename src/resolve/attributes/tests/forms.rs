//! Texts with a form of their own.

use super::super::text::Text;
use super::{Place, codes};

fn expect(form: Text, sound: &[&str], faulty: &[&str]) {
    for text in sound {
        assert_eq!(form.check(text), Ok(()), "{text}");
    }
    for text in faulty {
        assert!(
            form.check(text).is_err(),
            "{text} passes as {}",
            form.noun()
        );
    }
}

#[test]
fn images() {
    let digest = format!("ghcr.io/acme/fraud@sha256:{}", "1".repeat(64));
    let both = format!("acme/fraud:1.2@sha256:{}", "ab".repeat(32));
    let short = format!("a@sha256:{}", "1".repeat(63));
    let capital = format!("a@sha256:{}", "A".repeat(64));
    let long_tag = format!("a:{}", "t".repeat(129));
    let long_name = "a/".repeat(128) + "a";
    expect(
        Text::Image,
        &[
            "python",
            "python:3.12-slim",
            "library/python",
            "localhost/a",
            "localhost:5000/a:b",
            "registry.example.com:5000/team/a_b/c__d/e---f:V1_.x",
            "[2001:db8::1]:5000/a",
            "Registry.Example.com/a",
            &digest,
            &both,
        ],
        &[
            "",
            " ",
            "python 3.12",
            "python:3.12 ",
            "Python:3.12",
            "python:",
            "python:-x",
            "python:{{ tag }}",
            "acme/{{image}}",
            "a//b",
            "/a",
            "a/",
            ":3",
            "a..b",
            "a-",
            "a___b",
            "https://ghcr.io/acme/a",
            "ghcr.io:port/a",
            "ghcr.io:99999/a",
            "-x.io/a",
            "a@sha256",
            "a@md5:d41d8cd98f00b204e9800998ecf8427e",
            "a\nb",
            "ä",
            &short,
            &capital,
            &long_tag,
            &long_name,
        ],
    );
}

#[test]
fn requirements() {
    expect(
        Text::Requirement,
        &[
            "pandas",
            "pandas==2.2.3",
            "scikit-learn >= 1.5, < 2",
            "uvicorn[standard]>=0.30",
            "a[b, c.d]",
            "torch==2.3.0+cu121",
            "numpy==1.26.*",
            "zope.interface!=5.0.*",
            "a~=1.4",
            "a~=1.4.5rc1",
            "a===anything",
            "a>=1!2.0.dev3",
            "a==v1.0-1",
            "a==1.0.post2",
        ],
        &[
            "",
            "-r requirements.txt",
            "--index-url=https://pypi.org/simple",
            "pandas=2.2.3",
            "pandas 2.2.3",
            "pandas==",
            "pandas==two",
            "pandas>=2,",
            "pandas>=2.*",
            "pandas>=2.0+local",
            "pandas~=2",
            "==1.0",
            "a[b",
            "a[]",
            "a[b,]",
            "a (>=1)",
            "a-",
            "pandas; python_version < \"3.9\"",
            "a @ https://example.com/a.whl",
            "git+https://github.com/a/b",
            "./a",
        ],
    );
}

#[test]
fn variables() {
    expect(
        Text::Variable,
        &["A", "_", "a1_B"],
        &["", "1A", "A-B", "A B", "A.B", "A=B", "Ä", "{{A}}", "A\0"],
    );
}

#[test]
fn labels() {
    let long = "x".repeat(64);
    let prefix = format!("{}/a", "x".repeat(254));
    expect(
        Text::LabelKey,
        &["a", "A_b.c-1", "app.kubernetes.io/name", "a/B"],
        &[
            "", "a b", "-a", "a-", "a/", "/a", "A/b", "a/b/c", "a_b/c", "a../b", "{{a}}", "ä",
            &long, &prefix,
        ],
    );
    expect(
        Text::LabelValue,
        &["", "a", "V1.2_3-x", &long[1..]],
        &["a b", "-a", "a.", "a/b", "a:b", "{{a}}", "é", &long],
    );
}

#[test]
fn references() {
    expect(
        Text::SecretRef,
        &["wandb/api_key", "my.secret-1/tls.crt", "a/A"],
        &[
            "", "wandb", "wandb/", "/key", "a/b/c", "A/b", "a_b/c", "a/b c", "a/..", "a/..x",
            "a/.", "-a/b",
        ],
    );
}

#[test]
fn object_names() {
    let long = "x".repeat(254);
    expect(
        Text::ObjectName,
        &["a", "a-1.b", "0"],
        &["", "A", "a_b", "-a", "a-", "a..b", "a/b", "{{a}}", &long],
    );
    expect(Text::VolumeName, &["a-b"], &["a.b", "a_b", "", &long[..64]]);
    expect(
        Text::ResourceName,
        &["nvidia.com/gpu", "amd.com/gpu", "nvidia.com/mig-1g.5gb"],
        &[
            "",
            "gpu",
            "nvidia-tesla-t4",
            "/gpu",
            "nvidia.com/",
            "NVIDIA.com/gpu",
            "nvidia.com/a b",
        ],
    );
    expect(
        Text::MountPath,
        &["/data", "/a/b c", "/a/"],
        &["", "data", "/", "//", "/a/../b", "/a:b", "/a\nb"],
    );
}

#[test]
fn emails() {
    expect(
        Text::Email,
        &["mlops@company.com", "a.b+c@d-e.org", "root@localhost"],
        &[
            "",
            "mlops",
            "@a",
            "a@",
            "a b@c.d",
            "a@b@c",
            "a@b, c@d",
            "A <a@b.c>",
            "a@b..c",
            ".a@b.c",
            "a@-b.c",
            "a@b_c",
        ],
    );
}

#[test]
fn lines_and_words() {
    expect(
        Text::Line,
        &["a", "two words", "{{ x }}", "é"],
        &["", "  ", "a\nb", "a\u{7}"],
    );
    expect(Text::Word, &["a", "A_1"], &["", "a b", "a-b", "é"]);
    expect(Text::Free, &["", "a\nb", "{{ x }}"], &["\0"]);
}

#[test]
fn crons() {
    expect(
        Text::Cron,
        &[
            "@hourly",
            "@daily",
            "@midnight",
            "@weekly",
            "@monthly",
            "@yearly",
            "@annually",
            "0 3 * * *",
            "*/15 0-6,18-23/2 1,15 JAN-jun,12 mon-FRI",
            "5  4\t* * 0",
            "0 0 29 2 *",
            "0 0 31 2 1",
        ],
        &[
            "",
            "@dayly",
            "@reboot",
            "@every 5m",
            "@Daily",
            "* * * *",
            "0 0 3 * * *",
            "0 0 3 * * * 2025",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 7",
            "* * * * MON#2",
            "0 0 L * *",
            "0 0 15W * *",
            "0 0 ? * *",
            "0 22-2 * * *",
            "5/15 * * * *",
            "*/0 * * * *",
            "*/x * * * *",
            "/5 * * * *",
            "1,,2 * * * *",
            "a * * * *",
            "MON * * * *",
            "-1 * * * *",
            "0 0 30 2 *",
        ],
    );
}

#[test]
fn time_zones() {
    expect(
        Text::TimeZone,
        &[
            "UTC",
            "Europe/Berlin",
            "America/Argentina/Buenos_Aires",
            "Etc/GMT+5",
        ],
        &[
            "",
            "utc",
            "Europe/Berln",
            "Berlin",
            "europe/berlin",
            "+02:00",
            "CETT",
            "Local",
        ],
    );
}

#[test]
fn dates() {
    expect(
        Text::Instant,
        &[
            "2024-01-01",
            "2024-02-29",
            "2024-01-01T06:00",
            "2024-01-01T06:00:30",
            "2024-01-01T06:00Z",
            "2024-01-01T06:00:00+05:30",
            "2024-01-01T06:00-05:00",
        ],
        &[
            "",
            "today",
            "2024",
            "2024-1-1",
            "2023-02-29",
            "2024-13-01",
            "01.02.2024",
            "2024-01-01 06:00",
            "2024-01-01T25:00",
            "2024-01-01T06",
            "2024-01-01Z",
            "2024-01-01T06:00:00.5",
            "2024-01-01T06:00+0530",
            "2024-01-01T06:00:00+99:00",
        ],
    );
}

#[test]
fn a_schedule_ends_after_it_starts() {
    let schedule = |inner: &str| {
        let source = format!("schedule: {{ cron: \"@daily\", {inner} }}");
        codes(Place::Pipeline, &source)
    };
    for sound in [
        "start: \"2024-01-01\", end: \"2024-01-02\"",
        "start: \"2024-01-01\", end: \"2024-01-01T00:01\"",
        // Berlin is an hour ahead: its midnight comes before London's.
        "start: \"2024-01-01\", end: \"2023-12-31T23:30Z\", timezone: \"Europe/Berlin\"",
        "start: \"2024-01-01\", catchup: true",
        "catchup: false",
    ] {
        assert_eq!(schedule(sound), [""; 0], "{sound}");
    }
    for (faulty, code) in [
        ("start: \"2024-01-01\", end: \"2024-01-01\"", "E0520"),
        ("start: \"2024-01-02\", end: \"2024-01-01\"", "E0520"),
        ("start: \"2024-01-01\", end: \"2023-12-31T23:30Z\"", "E0520"),
        (
            "start: \"2024-01-02\", end: \"2024-01-01\", timezone: \"Mars\"",
            "E0518",
        ),
        ("start: \"2024-13-02\", end: \"2024-01-01\"", "E0519"),
        ("catchup: true", "E0507"),
        ("overlap: \"skip\"", "E0506"),
    ] {
        assert_eq!(schedule(faulty), [code], "{faulty}");
    }
    assert_eq!(
        codes(Place::Pipeline, "schedule: { timezone: \"UTC\" }"),
        ["E0507"]
    );
    // A cron at fault is not also a missing one.
    assert_eq!(codes(Place::Pipeline, "schedule: { cron: 5 }"), ["E0504"]);
    assert_eq!(
        codes(Place::Pipeline, "schedule: { cron: \"x\" }"),
        ["E0517"]
    );
    assert_eq!(
        codes(Place::Pipeline, "notify: { on: [\"failure\"] }"),
        ["E0507"]
    );
}
