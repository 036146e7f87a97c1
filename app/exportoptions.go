package app

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/export"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/resolve"
	"github.com/daybook-cqrs/daybook/schema"
)

// What can be exported.
const (
	exportEvents    = "events"
	exportDocuments = "documents"
)

// exportOptions are what the arguments of export say.
type exportOptions struct {
	cfg    *Config
	model  *schema.Model
	kind   string // exportEvents or exportDocuments
	format export.Format
	file   string // "" for standard output
	resume bool
	quiet  bool

	from, to position.Position // of events
	entities []string

	entity *schema.Entity // of documents
	filter documents.Filter
	fields []string
	after  string
}

// exportFlag is a flag of export; of is what it is for, "" for both.
type exportFlag struct{ name, of, help string }

var exportFlags = []exportFlag{
	{"format", "", "ndjson (the default) or csv"},
	{"output", "", "the file to write, which may not be there yet; - (the default) is standard output"},
	{"resume", "", "go on where the file ends, of which a torn last row is removed; without a file, begin one"},
	{"quiet", "", "say nothing unless it fails"},
	{"entity", "", "the entities whose events to write, separated by commas (all if none is given), or the entity or view whose documents"},
	{"from", exportEvents, "leave out what this position includes: one that an export gave, or a receipt"},
	{"to", exportEvents, "leave out what this position does not include; else it ends with what the log has now"},
	{"where", exportDocuments, "only those, as in the API: {status: {eq: PAID}} or JSON"},
	{"fields", exportDocuments, "the fields to write, separated by commas, as the API calls them; the id always is"},
	{"after", exportDocuments, "begin behind this id: one that an export gave"},
}

func exportUsage(out io.Writer) {
	fmt.Fprintln(out, "export events     writes what happened, all partitions of the log by time")
	fmt.Fprintln(out, "export documents  writes the documents of --entity, which may be a view, by id")
	fmt.Fprintln(out)
	fmt.Fprintln(out, "It reads what the backend with the same flags and variables works on, running or not. At the end it says how to continue.")
	fmt.Fprintln(out)
	for _, f := range exportFlags {
		of := ""
		if f.of != "" {
			of = " (" + f.of + ")"
		}
		fmt.Fprintf(out, "  --%-8s %s%s\n", f.name, f.help, of)
	}
	fmt.Fprintln(out)
	fmt.Fprintln(out, "Where that is:")
	fmt.Fprintln(out)
	settingsUsage(out)
}

// parseExport reads the arguments. Its error is one line that says what to change.
func parseExport(def Definition, in invocation) (*exportOptions, error) {
	fs := flag.NewFlagSet("export", flag.ContinueOnError)
	texts := map[string]*string{}
	o := &exportOptions{}
	for _, f := range exportFlags {
		if f.name != "resume" && f.name != "quiet" {
			texts[f.name] = fs.String(f.name, "", f.help)
		}
	}
	fs.BoolVar(&o.resume, "resume", false, "")
	fs.BoolVar(&o.quiet, "quiet", false, "")
	var rest []string
	var err error
	if o.cfg, rest, err = parse(fs, in.args, in.environ); err != nil {
		return nil, err
	}
	if len(rest) != 1 || rest[0] != exportEvents && rest[0] != exportDocuments {
		return nil, errors.New("say what: export events, or export documents --entity=Order: see export --help")
	}
	o.kind = rest[0]
	fs.Visit(func(f *flag.Flag) {
		i := slices.IndexFunc(exportFlags, func(own exportFlag) bool { return own.name == f.Name })
		if i >= 0 && exportFlags[i].of != "" && exportFlags[i].of != o.kind {
			err = fmt.Errorf("--%s is for export %s only", f.Name, exportFlags[i].of)
		}
	})
	if err != nil {
		return nil, err
	}
	if o.model, err = schema.Load(def.Schema); err != nil {
		return nil, err
	}
	return o, o.read(func(name string) string { return *texts[name] })
}

// read checks the flags' texts.
func (o *exportOptions) read(text func(name string) string) (err error) {
	if o.format = export.NDJSON; text("format") != "" {
		if o.format, err = export.ParseFormat(text("format")); err != nil {
			return fmt.Errorf("--format=%s: %w", text("format"), err)
		}
	}
	if o.file = text("output"); o.file == "-" {
		o.file = ""
	}
	if o.resume && o.file == "" {
		return errors.New("--resume goes on in a file: name it with --output, or use --from or --after")
	}
	var names []string
	if text("entity") != "" {
		names = strings.Split(text("entity"), ",")
	}
	if o.kind == exportDocuments {
		return o.readDocuments(text, names)
	}
	if _, err := named(o.model, names); err != nil {
		return fmt.Errorf("--entity=%s: %w", text("entity"), err)
	}
	o.entities = names
	if o.from, err = position.Parse(text("from")); err != nil {
		return fmt.Errorf("--from=%s: %w", text("from"), err)
	}
	if o.to, err = position.Parse(text("to")); err != nil {
		return fmt.Errorf("--to=%s: %w", text("to"), err)
	}
	return nil
}

func (o *exportOptions) readDocuments(text func(name string) string, names []string) error {
	if len(names) != 1 {
		return errors.New("documents are those of one entity or view: name it with --entity=Order")
	}
	if o.entity = o.model.Readable(names[0]); o.entity == nil {
		var all []string
		for _, e := range o.model.Readables() {
			all = append(all, e.Name)
		}
		return fmt.Errorf("--entity=%s: the model has no entity or view %q: name one of %s", text("entity"), names[0], strings.Join(all, ", "))
	}
	o.after = text("after")
	if text("fields") != "" {
		o.fields = strings.Split(text("fields"), ",")
	}
	if text("where") == "" {
		return nil
	}
	v, err := resolve.ParseValue(text("where"))
	if err != nil {
		return fmt.Errorf("--where=%s: %w", text("where"), err)
	}
	where, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("--where=%s: it is no filter: write it like {status: {eq: PAID}}", text("where"))
	}
	if o.filter, err = query.New(query.Config{Model: o.model}).Filter(o.entity, where); err != nil {
		return fmt.Errorf("--where: %w", err)
	}
	return nil
}
