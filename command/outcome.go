package command

// OutcomeError is a failure of the log while a command was executed. Its text is not for clients.
type OutcomeError struct {
	CommandID string // the client's, or the one that was drawn
	Unknown   bool   // the command may have been accepted; false: it was not
	Err       error
}

func (e *OutcomeError) Error() string { return e.Err.Error() }

// Unwrap returns what the log said.
func (e *OutcomeError) Unwrap() error { return e.Err }
