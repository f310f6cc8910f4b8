# `apt-cache dumpavail` as newline-delimited JSON: one line for each package, with the columns of mjolnir.json. A name that comes again (another architecture) is left out.
# Descriptions are their first lines; what a package does not say is null.

function text(value) {
  if (value == "") return "null"
  gsub(/\\/, "&&", value)
  gsub(/"/, "\\\"", value)
  gsub(/\t/, " ", value)
  gsub(/[\001-\037]/, "", value)
  return "\"" value "\""
}

function finish() {
  if (of["Package"] != "" && !(of["Package"] in seen)) {
    seen[of["Package"]] = 1
    printf "{\"name\":%s,\"section\":%s,\"priority\":%s,\"size\":%s,\"maintainer\":%s,\"description\":%s}\n",
      text(of["Package"]), text(of["Section"]), text(of["Priority"]), of["Size"] ~ /^[0-9]+$/ ? of["Size"] : "null", text(of["Maintainer"]), text(of["Description"])
  }
  split("", of)
}

/^$/ { finish(); next }
/^[ \t]/ { next }
{
  name = substr($0, 1, index($0, ":") - 1)
  value = substr($0, index($0, ":") + 1)
  sub(/^[ \t]+/, "", value)
  sub(/[ \t\r]+$/, "", value)
  if (name ~ /^Description-[a-z][a-z]/ && name != "Description-md5") name = "Description"
  if (!(name in of)) of[name] = value
}
END { finish() }
