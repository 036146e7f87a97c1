package command

// Code is the kind of a rejection, the same for every model.
type Code string

// The codes of rejections.
const (
	InvalidTransition Code = "INVALID_TRANSITION"  // the entity is in a state that the command does not run in
	RuleViolated      Code = "RULE_VIOLATED"       // a rule said no; Reason is the rule's own word
	NotFound          Code = "NOT_FOUND"           // there is no such entity, or it was deleted
	AlreadyExists     Code = "ALREADY_EXISTS"      // a create for an id that is or was taken
	VersionConflict   Code = "VERSION_CONFLICT"    // the entity is not at the expected version
	NotUnique         Code = "NOT_UNIQUE"          // another entity has the value
	ReferenceNotFound Code = "REFERENCE_NOT_FOUND" // a referenced entity does not exist, or was deleted
	CommandIDReused   Code = "COMMAND_ID_REUSED"   // the command id was used with another input
	InvalidInput      Code = "INVALID_INPUT"       // an argument is not acceptable whatever the entity's state
)

// Codes lists every code, as the API's enum CommandErrorCode does.
func Codes() []Code {
	return []Code{
		InvalidTransition, RuleViolated, NotFound, AlreadyExists, VersionConflict, NotUnique, ReferenceNotFound, CommandIDReused, InvalidInput,
	}
}

// Rejection says why a command was not accepted. Nothing was written. It is an answer to the client, not a failure.
type Rejection struct {
	Code    Code
	Reason  string   // a rule's own stable word, "EMPTY_ORDER"; "" otherwise
	Message string   // for people, in English
	Field   string   // the path of the argument at fault, "lines[2].price"; "" if none is
	State   string   // the entity's state; "" if it has none
	Allowed []string // the commands that its state allows, if State is why
}

// Error returns the message.
func (r *Rejection) Error() string { return r.Message }

// Reject makes the error with which a rule refuses a command. reason is a stable word that clients test for; message is for people.
func Reject(reason, message string) *Rejection {
	return &Rejection{Code: RuleViolated, Reason: reason, Message: message}
}

// At names the argument that is at fault, as a path: "lines[2].price". It changes and returns r.
func (r *Rejection) At(field string) *Rejection {
	r.Field = field
	return r
}
