package schema

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	minTimeout = time.Millisecond
	maxTimeout = 3660 * 24 * time.Hour
	maxLogName = 200 // bytes of a name in the log: of a timer, of a unique value's field, of who did something
)

// timeouts reads the @timeout directives of an entity.
func (l *loader) timeouts(e *Entity) {
	for _, dir := range l.entityOf[e.Name].Directives.ForNames("timeout") {
		l.onlyArgs(dir, "in", "after", "run")
		t := &Timeout{In: l.timeoutState(e, dir), After: l.duration(dir), Run: l.ownCommand(e, dir, "run"), Pos: posOf(dir.Position)}
		if t.In == "" || t.After == 0 || t.Run == nil {
			continue
		}
		l.runnable(t)
		if slices.ContainsFunc(e.Timeouts, func(o *Timeout) bool { return o.In == t.In && o.Run == t.Run }) {
			l.fail(t.Pos, "leave one out", "%s has two timeouts that run %s in %s", e.Name, t.Run.Name, t.In)
			continue
		}
		if n := len("timeout:" + t.Name()); n > maxLogName {
			l.fail(t.Pos, "shorten them", "the names of the state %s and of %s are %d bytes too long together for a timeout", t.In, t.Run.Name, n-maxLogName)
			continue
		}
		e.Timeouts = append(e.Timeouts, t)
	}
}

func (l *loader) timeoutState(e *Entity, dir *ast.Directive) string {
	a := dir.Arguments.ForName("in")
	switch {
	case a == nil:
		l.fail(posOf(dir.Position), "add in: …", "@timeout of %s does not say in which state", e.Name)
	case e.State == nil:
		l.fail(posOf(a.Position), "add a @state field, or leave out @timeout", "%s has no states", e.Name)
	case a.Value.Kind != ast.EnumValue:
		l.fail(posOf(a.Position), "write a state without quotes", "%s of @timeout is no state", a.Value.String())
	case !slices.Contains(e.States, a.Value.Raw):
		l.fail(posOf(a.Position), "use one of "+strings.Join(e.States, ", "), "%s has no state %s", e.Name, a.Value.Raw)
	default:
		return a.Value.Raw
	}
	return ""
}

// duration reads `after`: 90s, 30m, 36h, 14d, and sums of these as Go writes them (1h30m).
func (l *loader) duration(dir *ast.Directive) time.Duration {
	a := dir.Arguments.ForName("after")
	if a == nil {
		l.fail(posOf(dir.Position), `add after: "30m"`, "@timeout does not say after how long")
		return 0
	}
	text := l.text(dir, "after")
	if text == "" {
		return 0
	}
	d, ok := parseDuration(text)
	if !ok || d < minTimeout || d > maxTimeout {
		l.fail(posOf(a.Position), `write 90s, 30m, 1h30m or 14d: 1ms to 3660d`, "%q is no time to wait", text)
		return 0
	}
	return d
}

func parseDuration(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 3660 {
			return 0, false
		}
		return time.Duration(n) * 24 * time.Hour, true
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// ownCommand returns the entity's command that an argument of a directive names.
func (l *loader) ownCommand(e *Entity, dir *ast.Directive, arg string) *Command {
	name := l.text(dir, arg)
	if name == "" {
		if dir.Arguments.ForName(arg) == nil {
			l.fail(posOf(dir.Position), "add "+arg+`: "…"`, "@%s of %s names no command", dir.Name, e.Name)
		}
		return nil
	}
	i := slices.IndexFunc(e.Commands, func(c *Command) bool { return c.Name == name })
	if i < 0 || e.Commands[i].Kind == Create {
		l.fail(posOf(dir.Arguments.ForName(arg).Position), "name a command that changes a "+e.Name, "%s has no command %s that could run on it", e.Name, name)
		return nil
	}
	return e.Commands[i]
}

// runnable checks that a timeout's command may run in the state, and needs no input.
func (l *loader) runnable(t *Timeout) {
	if len(t.Run.From) > 0 && !slices.Contains(t.Run.From, t.In) {
		l.fail(t.Pos, "add "+t.In+" to its from", "%s can't run in %s", t.Run.Name, t.In)
	}
	for _, a := range t.Run.Args {
		if a.Type.NonNull {
			l.fail(t.Pos, "make it nullable, or name another command", "a timeout has no input, and %s needs %s", t.Run.Name, a.Name)
		}
	}
}
