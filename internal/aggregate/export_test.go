package aggregate

// Texts are the texts of the values in an id.
var Texts = texts
