package app

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/daybook-cqrs/daybook/export"
)

// exportFile is where an export goes.
type exportFile struct {
	io.Writer
	file *os.File // nil for standard output
	made bool     // it was not there before
}

// open opens the output. What a file has, if it is continued, read finds out; a torn last row is removed.
func (o *exportOptions) open(stdout io.Writer, read func(io.Reader) (export.Tail, error)) (*exportFile, export.Tail, error) {
	if o.file == "" {
		return &exportFile{Writer: stdout}, export.Tail{}, nil
	}
	flags := os.O_RDWR | os.O_CREATE
	if !o.resume {
		flags |= os.O_EXCL
	}
	f, err := os.OpenFile(o.file, flags, 0o644)
	switch {
	case errors.Is(err, os.ErrExist):
		return nil, export.Tail{}, fmt.Errorf("%s is there already: go on in it with --resume, or name another file", o.file)
	case err != nil:
		return nil, export.Tail{}, fmt.Errorf("can't write --output: %w", err)
	}
	tail, err := continueIn(f, o.resume, read)
	if err != nil {
		f.Close()
		return nil, tail, fmt.Errorf("%s: %w", o.file, err)
	}
	return &exportFile{Writer: f, file: f, made: !o.resume}, tail, nil
}

// continueIn brings the file to the end of its last whole row.
func continueIn(f *os.File, resume bool, read func(io.Reader) (export.Tail, error)) (export.Tail, error) {
	if info, err := f.Stat(); resume && (err != nil || !info.Mode().IsRegular()) {
		return export.Tail{}, errors.New("only a file can be continued")
	}
	if !lockFile(f) {
		return export.Tail{}, errors.New("another export writes to it")
	}
	tail, err := read(f)
	if err != nil {
		return tail, err
	}
	if err := f.Truncate(tail.Size); err != nil {
		return tail, err
	}
	_, err = f.Seek(tail.Size, io.SeekStart)
	return tail, err
}

// finish makes a file durable and closes it. One that was made in vain is removed.
func (f *exportFile) finish(vain bool) error {
	if f.file == nil {
		return nil
	}
	err := errors.Join(f.file.Sync(), f.file.Close())
	if vain && f.made {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	return err
}
