package schema

// reservedTypes are type names of the API that belong to no entity.
var reservedTypes = map[string]bool{
	"Query": true, "Mutation": true, "Subscription": true, "Node": true, "PageInfo": true, "Receipt": true, "CommandError": true,
	"CommandErrorCode": true, "CommandOptions": true, "EventInfo": true, "ChangeType": true, "SortDirection": true, "State": true,
	"PossibleCommand": true, "HistoryEntry": true, "FieldChange": true, "StateMachine": true, "StateInfo": true, "StateTransition": true, "StateTimeout": true, "StateReaction": true,
	"ScheduledCommand": true, "RejectedCommand": true, "FailedReaction": true, "FailedReactionStatus": true, "ResumedReaction": true, "Position": true,
	"TimeBucket":   true,
	"StringFilter": true, "IDFilter": true, "IntFilter": true, "FloatFilter": true, "BooleanFilter": true, "DecimalFilter": true,
	"DateTimeFilter": true, "DateFilter": true, "LongFilter": true, "UUIDFilter": true, "JSONFilter": true,
	"StringListFilter": true, "IDListFilter": true, "IntListFilter": true, "FloatListFilter": true, "BooleanListFilter": true, "DecimalListFilter": true,
	"DateTimeListFilter": true, "DateListFilter": true, "LongListFilter": true, "UUIDListFilter": true, "JSONListFilter": true,
}

// reservedFields are field names of every entity of the API, or held back for it.
var reservedFields = []string{"nodeId", "version", "createdAt", "updatedAt", "history", "changedBy", "possibleCommands", "command"}

// reservedFilters are names that filters use beside fields.
var reservedFilters = []string{"and", "or", "not"}

// reservedRefs are names that the keys of an order use beside refs.
var reservedRefs = []string{"field", "direction"}

// reservedSingulars are fields of the types around an entity, which have a field for the entity too: its payload, its changes.
var reservedSingulars = []string{"receipt", "errors", "type", "id", "event", "token"}

// reservedQueries are query fields that belong to no entity.
var reservedQueries = []string{"node", "daybook", "stateMachine", "causationOf", "history", "scheduledCommands", "rejectedCommands", "failedReactions"}

// reservedMutations are mutations that are no commands.
var reservedMutations = []string{"cancelScheduledCommand", "resumeReaction", "discardReaction"}

// reservedGo are names of the generated package graph, in which an entity is a type too.
var reservedGo = []string{
	"API", "Command", "Query", "New", "Node", "Fingerprint", "Config", "ResolverRoot", "DirectiveRoot", "ComplexityRoot", "NewExecutableSchema",
}

// reservedObjects are the API's types with fields that belong to no entity: gqlgen makes an interface CommandErrorResolver.
var reservedObjects = []string{
	"Query", "Mutation", "Subscription", "CommandError", "EventInfo", "HistoryEntry", "FieldChange", "PageInfo", "Receipt", "PossibleCommand", "StateMachine", "StateInfo", "StateTransition",
	"StateTimeout", "StateReaction", "ScheduledCommand", "RejectedCommand", "FailedReaction", "ResumedReaction",
}
