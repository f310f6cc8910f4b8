# `apt-cache dumpavail` as newline-delimited JSON: one line for each package, with the columns of mjolnir.json. A name that comes again (another architecture) is left out.
# Descriptions are their first lines; what a package does not say is null. `recommended` is how many packages of the list recommend or suggest a package, each of several alternatives counted.

function text(value) {
  if (value == "") return "null"
  gsub(/\\/, "&&", value)
  gsub(/"/, "\\\"", value)
  gsub(/\t/, " ", value)
  gsub(/[\001-\037]/, "", value)
  return "\"" value "\""
}

# Counts the packages of a list like "less (>= 590), default-mta | mail-transport-agent, python3:any", each once for the package that names them.
function count_all(list, by,   i, n, names, name) {
  n = split(list, names, /[,|]/)
  for (i = 1; i <= n; i++) {
    name = names[i]
    gsub(/^ +/, "", name)
    sub(/[ :(].*$/, "", name)
    if (name != "" && name != by && !(name in known)) {
      known[name] = 1
      recommended[name]++
    }
  }
}

function finish(   name) {
  name = of["Package"]
  if (name != "" && !(name in seen)) {
    seen[name] = 1
    names[++count] = name
    line[count] = sprintf("{\"name\":%s,\"section\":%s,\"priority\":%s,\"size\":%s,\"maintainer\":%s,\"description\":%s,\"recommended\":",
      text(name), text(of["Section"]), text(of["Priority"]), of["Size"] ~ /^[0-9]+$/ ? of["Size"] : "null", text(of["Maintainer"]), text(of["Description"]))
    count_all(of["Recommends"] "," of["Suggests"], name)
    split("", known)
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
END {
  finish()
  for (i = 1; i <= count; i++) printf "%s%d}\n", line[i], recommended[names[i]]
}
