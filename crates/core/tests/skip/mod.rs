//! How a test says that this machine can't run it. In CI (the variable CI is set) that is a failure, unless it is for
//! what CI can't mend: nobody reads what a passing test prints. The Python tests have the same in support/skips.py.

/// How the reasons begin that are no failure in CI.
const ALLOWED: [&str; 1] = ["the kernel has no Landlock"];

/// Tells why the test that calls this returns early.
pub fn skip(reason: &str) {
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(may_skip(reason, is_ci), "CI must run this test, but it was skipped: {reason}");
    eprintln!("skipped: {reason}");
}

fn may_skip(reason: &str, is_ci: bool) -> bool {
    !is_ci || ALLOWED.iter().any(|allowed| reason.starts_with(allowed))
}

#[test]
fn ci_fails_where_a_test_is_skipped_that_it_should_run() {
    assert!(!may_skip("the command ip (package iproute2) is missing", true));
    assert!(may_skip("the command ip (package iproute2) is missing", false));
    assert!(may_skip("the kernel has no Landlock", true));
}
