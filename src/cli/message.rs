//! Errors as the user reads them.

/// The error and what caused it; a cause that the text before already tells is not told again.
pub fn error_message(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::error_message;

    #[test]
    fn each_cause_is_told_once() {
        let error = anyhow!("the disk is full").context("cannot write a: the disk is full");
        assert_eq!(error_message(&error), "cannot write a: the disk is full");
        let error = anyhow!("no such file").context("cannot read a");
        assert_eq!(error_message(&error), "cannot read a: no such file");
    }
}
