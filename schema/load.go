package schema

import "io/fs"

// Load reads every *.graphql file at the top of fsys and returns the checked model, or Errors with every mistake at once.
// daybook.graphql (the directives) need not be there: the shipped one is used, and a file of that name is ignored.
func Load(fsys fs.FS) (*Model, error) { panic("TODO schema helper") }
