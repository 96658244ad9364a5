#!/bin/bash
# table.sh: `lockstep table` from outside: a table filled from a file and written again, looked into in
# the words of `aws dynamodb`, and what a bad file leaves behind. Speaks TAP. LOCKSTEP names the program;
# the argument is the number of items, 2000 if none is given.
set -u
items=${1:-2000}
cd "$(dirname "$0")/.." || exit 1
top=$PWD
program=$(realpath "${LOCKSTEP:-build/release/lockstep}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0

# check TITLE CONDITION...: one line of TAP.
check() {
    local title=$1
    shift
    number=$((number + 1))
    if "$@" >/dev/null 2>why; then
        echo "ok $number - $title"
    else
        echo "not ok $number - $title"
        sed 's/^/# /' why out err 2>/dev/null | head -n 20
    fi
}

# expect STATUS ARGUMENT...: runs `lockstep table` and checks its exit status; output in out and err.
expect() {
    local wanted=$1 got
    shift
    "$program" table "$@" >out 2>err </dev/null
    got=$?
    check "lockstep table $* : status $wanted" [ "$got" -eq "$wanted" ]
}

out_has() { check "... and output has: $1" grep -qF -- "$1" out; }
err_has() { check "... and errors have: $1" grep -qF -- "$1" err; }
out_is() { check "... and output is as expected" cmp out "$1"; }
out_is_empty() { check "... and no output" [ ! -s out ]; }

# A file of so many items: every type, attributes and items in any order.
generate() {
    python3 - "$1" "$2" <<'PYTHON'
import base64, json, random, sys

count, shuffled = int(sys.argv[1]), sys.argv[2] == "shuffled"
items = []
for i in range(count):
    item = {"date_prefix": {"S": "2026-%02d-%02d" % (1 + i % 12, 1 + i // 12 % 28)},
            "file_key": {"S": "in/%06d%s.ndjson" % (i, '/\u00e9"\\\n\u2603' if i % 9 == 0 else "")},
            "status": {"S": ["pending", "manifested"][i % 2]}, "ttl": {"N": str(1800000000 + i)}}
    if i % 5 == 0:
        item["m"] = {"M": {"l": {"L": [{"N": "1.5"}, {"NULL": True}, {"BOOL": False}, {"S": ""}]},
                           "e": {"M": {}}, "b": {"B": base64.b64encode(bytes([i % 256, 1])).decode()}}}
    if i % 7 == 0:
        item.update(ss={"SS": ["a", "\u00e9"]}, ns={"NS": ["-1", "2", "10"]}, bs={"BS": ["AA==", "/w=="]})
    items.append(item)
def ordered(value):
    if isinstance(value, dict):
        return {k: ordered(value[k]) for k in sorted(value, key=str.encode)}
    return [ordered(v) for v in value] if isinstance(value, list) else value
if shuffled:
    random.Random(7).shuffle(items)
    items = [dict(random.Random(i).sample(list(x.items()), len(x))) for i, x in enumerate(items)]
else:
    items = ordered(sorted(items, key=lambda x: (x["date_prefix"]["S"], x["file_key"]["S"])))
json.dump({"Items": items, "Count": count, "ScannedCount": count, "ConsumedCapacity": None},
          sys.stdout, indent=4, ensure_ascii=False)
print()
PYTHON
}

# Help and misuse.
expect 0 --help
out_has "Usage: lockstep table ACTION DIR"
expect 2
err_has "which action?"
expect 2 exprot kept
err_has "exprot: no such action (did you mean 'export'?)"
expect 2 get
err_has "usage: lockstep table get DIR --key JSON"
expect 2 scan nowhere
out_is_empty
err_has "nowhere: there is no table"
expect 2 scan kept --limt 3
err_has "--limt: no such option (did you mean 'limit'?)"

# A file goes in and comes out again, byte for byte, and in another order as the same items.
generate "$items" ordered >ordered.json
generate "$items" shuffled >shuffled.json
expect 0 import kept ordered.json
err_has "$items items imported"
expect 0 export kept
out_is ordered.json
expect 0 import other shuffled.json
expect 0 export other other.json
check "the other order is the same table" cmp other.json ordered.json
check "jq finds the same in both" sh -c "
    jq -S '.Items |= sort_by([.date_prefix.S, .file_key.S])' shuffled.json >a &&
    jq -S '.Items |= sort_by([.date_prefix.S, .file_key.S])' other.json >b && cmp a b"
jq -c '.Items[] | {Item: .}' shuffled.json >lines.json
expect 0 import lines lines.json
expect 0 export lines
out_is ordered.json
check "a pipe in, a pipe out" sh -c "'$program' table import piped - <shuffled.json &&
    '$program' table export piped - | cmp - ordered.json"

# Looking into it.
key='{"date_prefix":{"S":"2026-01-02"},"file_key":{"S":"in/000012.ndjson"}}'
expect 2 get kept --key "$key" --projection-expression status
err_has "An error occurred (ValidationException) when calling the GetItem operation: Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: status"
expect 0 get kept --key "$key" --projection-expression '#s' --expression-attribute-names '{"#s":"status"}'
printf '{\n    "Item": {\n        "status": {\n            "S": "pending"\n        }\n    }\n}\n' >wanted
out_is wanted
expect 0 get kept --key '{"date_prefix":{"S":"none"},"file_key":{"S":"none"}}'
out_is_empty
expect 0 query kept --key-condition-expression 'date_prefix = :d' --expression-attribute-values '{":d":{"S":"2026-01-01"}}' --select COUNT
here=$(jq '[.Items[] | select(.date_prefix.S == "2026-01-01")] | length' ordered.json)
out_has '"Count": '"$here"
check "... as the AWS CLI has it" jq -e ". == {Count: $here, ScannedCount: $here, ConsumedCapacity: null}" out
expect 0 query kept --index-name status-index --key-condition-expression '#s = :s' \
    --expression-attribute-names '{"#s":"status"}' --expression-attribute-values '{":s":{"S":"pending"}}' --max-items 3
check "... three items and a token" jq -e '(.Items | length) == 3 and (.NextToken | length) > 0' out
expect 0 scan kept
check "a scan finds all" jq -e ".Count == $items and .ScannedCount == $items and (.Items | length) == $items" out

# Page by page with tokens, nothing is lost or given twice.
: >pages
token=
for _ in 1 2 3 4 5; do
    "$program" table scan kept --max-items $((items / 4)) ${token:+--starting-token "$token"} >page || break
    jq -c '.Items[]' page >>pages
    token=$(jq -r '.NextToken // empty' page)
    [ -n "$token" ] || break
done
check "pages of a quarter by tokens are the whole" sh -c "[ $(wc -l <pages) -eq $items ] && [ $(sort -u pages | wc -l) -eq $items ]"
expect 2 scan kept --starting-token nonsense
err_has "--starting-token: not a NextToken"
expect 0 scan kept --limit 1 --return-consumed-capacity TOTAL
check "one page as the service answers" jq -e '.Count == 1 and (.LastEvaluatedKey | length) == 2 and .ConsumedCapacity.CapacityUnits == 0.5' out

# Writing.
expect 0 put kept --item '{"date_prefix":{"S":"x"},"file_key":{"S":"y"}}'
out_is_empty
expect 2 put kept --item '{"date_prefix":{"S":"x"},"file_key":{"S":"y"}}' --condition-expression 'attribute_not_exists(file_key)'
err_has "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: The conditional request failed"
echo '{"date_prefix":{"S":"x"},"file_key":{"S":"y"}}' >key.json
expect 0 update kept --key file://key.json --update-expression 'SET a = :a' --expression-attribute-values '{":a":{"N":"1.50"}}' --return-values UPDATED_NEW
check "... the new value" jq -e '. == {Attributes: {a: {N: "1.5"}}}' out
expect 0 delete kept --key file://key.json --return-values ALL_OLD
check "... the old item" jq -e '.Attributes.a.N == "1.5"' out
expect 0 export kept
out_is ordered.json
expect 2 put kept --item '{"date_prefix":{"S":"x"'
err_has "--item:1:23: '}' expected near end of file"
expect 2 put kept --item file://none.json
err_has "cannot read none.json"
expect 2 scan kept --limit x
err_has "--limit: 'x' is not a whole number"

# Describing, and any operation.
expect 0 describe kept
check "... keys, index and count" jq -e ".Table | .ItemCount == $items and .KeySchema[1].AttributeName == \"file_key\" and .GlobalSecondaryIndexes[0].IndexName == \"status-index\"" out
name=$(jq -r .Table.TableName out)
echo "{\"TableName\":\"$name\",\"TimeToLiveSpecification\":{\"Enabled\":false,\"AttributeName\":\"ttl\"}}" >off.json
expect 0 call kept UpdateTimeToLive off.json
echo "{\"TableName\":\"$name\"}" >name.json
expect 0 call kept DescribeTimeToLive name.json
check "... and it is off" jq -e '.TimeToLiveDescription == {TimeToLiveStatus: "DISABLED"}' out
expect 2 call kept Nothing name.json
err_has "An error occurred (UnknownOperationException)"
expect 2 call kept Scan ordered
err_has "cannot read ordered"
printf '{"TableName":\n  oops}' >bad.json
expect 2 call kept Scan bad.json
err_has "bad.json:2:6: invalid token near 'oops'"

# A schema for a new directory: a create-table request, or what describe-table says.
cat >schema.json <<'JSON'
{"TableName": "counters", "BillingMode": "PAY_PER_REQUEST",
 "AttributeDefinitions": [{"AttributeName": "n", "AttributeType": "N"}],
 "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}]}
JSON
echo '{"Items":[{"n":{"N":"10"}},{"n":{"N":"-2"}},{"n":{"N":"9"}}],"Count":3}' >numbers.json
expect 0 import counters numbers.json --schema schema.json
expect 0 export counters
check "numbers in their order" jq -e '[.Items[].n.N] == ["-2", "9", "10"]' out
expect 0 describe counters
cp out described.json
expect 0 import again numbers.json --schema described.json
expect 0 describe again
out_is described.json
sed 's/HASH/RANGE/' schema.json >wrong.json
expect 2 import new numbers.json --schema wrong.json
err_has "wrong.json: error: Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
expect 2 import counters numbers.json --schema schema.json
err_has "--schema goes with a new directory"

# A bad file leaves nothing behind: each line is a file and what is said of it.
sum=$(cat counters/* | cksum)
while IFS='|' read -r text message; do
    printf '%b' "$text" >bad.json
    expect 2 import counters bad.json
    err_has "bad.json:$message"
    "$program" table import new bad.json --schema schema.json >/dev/null 2>&1
    check "... and nothing is there" [ ! -e new ]
done <<'FILES'
{"Items":[{"n":{"N":"1"}},\n {"n":{"N":"x"}}]}|2:2: error: Items[1].n.N: The parameter cannot be converted to a numeric value: x
{"Items":[{"n":{"N":"1"}},{"n":{"N":2}}]}|1:27: error: Items[1].n.N: NUMBER_VALUE cannot be converted to String
{"Items":[{"n":{"N":"1"}},{"n":{"S":"1"}}]}|1:27: error: Items[1]: One or more parameter values were invalid: Type mismatch for key n expected: N actual: S
{"Items":[{"n":{"N":"1"}},{"n":{"N":"1.0"}}]}|1:27: error: Items[1]: the key of an item that came before
{"Items":[{"n":{"N":"1"},"s":{"SS":[]}}]}|1:11: error: Items[0].s.SS: One or more parameter values were invalid: An string set  may not be empty
{"Items":[{"n":{"N":"1"}}],"Count":2}|1:38: error: Count is 2, but there are 1 items: the file is not whole
{"Items":[{"n":{"N":"1"}}|1:26: error: Items: ',' or ']' expected
{"Items":[{"n":{"N":"1"}}]|1:27: error: ',' or '}' expected
{"Items":{}}|1:10: error: Items: must be a list
{"Item":{"n":{"N":"1"}}}\n{"Item":{"n":{"N":"x"}}}|2:9: error: Item.n.N: The parameter cannot be converted to a numeric value: x
{"Count":0}|1:1: error: there is no member Items or Item
[]|1:1: error: '{' expected: an object with Items, or one with Item
|1:1: error: '{' expected: an object with Items, or one with Item
{"Items":[{"n":{"N":"1"},"n":{"N":"2"}}]}|1:28: error: duplicate object key near '"n"'
FILES
check "the table is as it was" [ "$(cat counters/* | cksum)" = "$sum" ]
expect 2 import counters none.json
err_has "cannot read none.json"

# A run's own table.
cat >run.yaml <<'YAML'
name: kept
workload: [{files: 20, over: 10s, size: 3.5MB}]
YAML
check "a run keeps its table" "$program" run -q --table ran run.yaml
expect 0 scan ran --filter-expression 'begins_with(file_key, :m)' --expression-attribute-values '{":m":{"S":"MANIFEST#"}}' --select COUNT
out_has '"Count": 2'
cd "$top" || exit 1
echo "1..$number"
