# Data come from a server: in ranges, with its date as source time, again only when they changed; passwords are kept nowhere.
. "$LEAT_SOURCE/test/scenario/lib.sh"
begin
cat >server.py <<'END'
import base64, hashlib, http.server, os, sys
asked = open("asked", "a", buffering=1)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked.write(f"{self.path} {self.headers.get('Range')} {self.headers.get('If-None-Match')} {self.headers.get('Authorization')}\n")
        path = self.path.split("?")[0]
        if path == "/moved":
            return self.say(302, {"Location": "/big.csv"})
        if path == "/round":
            return self.say(302, {"Location": "/round"})
        if path == "/file":
            return self.say(302, {"Location": "file:///etc/passwd"})
        if path == "/elsewhere":
            return self.say(302, {"Location": f"http://localhost:{self.server.server_address[1]}/private/x.csv"})
        if path.startswith("/private/") and self.headers.get("Authorization") != "Basic " + base64.b64encode(b"ann:pl4nted!").decode():
            return self.say(401, {})
        try:
            data = open("served/" + os.path.basename(path), "rb").read()
        except OSError:
            return self.say(404, {})
        tag = '"' + hashlib.md5(data).hexdigest() + '"'
        head = {"ETag": tag, "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}
        if self.headers.get("If-None-Match") == tag:
            return self.say(304, head)
        ranges = self.headers.get("Range")
        if ranges and not path.endswith("whole.csv") and data:
            first, last = ranges.split("=")[1].split("-")
            part = data[int(first):int(last) + 1]
            head["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
            return self.say(206, head, part)
        self.say(200, head, data)

    def say(self, status, head, body=b""):
        self.send_response(status)
        for k, v in head.items():
            self.send_header(k, v)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(body)

    def log_message(self, *a):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
open("port.new", "w").write(str(server.server_address[1]))
os.rename("port.new", "port")
server.serve_forever()
END
mkdir served proj && cp "$heart" served/heart.csv && cp "$heart" served/whole.csv && cp "$heart" served/x.csv && : >served/empty.csv
python3 -c "open('served/big.csv', 'w').write('a,b\n' + ''.join(f'{i},{i * 7919}\n' for i in range(1500000)))"
python3 server.py & server=$!
trap 'kill $server' EXIT
while [ ! -s port ]; do kill -0 $server || exit 1; done
url=http://127.0.0.1:$(cat port)

tells "a file comes as it is, with the server's date as its source time" '
	cd proj && "$leat" data add heart $url/heart.csv --json >../out && json ../out "j[\"version\"][\"source_time\"] == \"1994-11-06T08:49:37\" and j[\"version\"][\"rows\"] == 303" &&
	"$leat" data get heart h && cmp h/heart.csv ../served/heart.csv
'
tells "a long file comes in ranges, through a redirection" '
	cd proj && "$leat" data add big $url/moved -q && "$leat" data get big b && cmp b/moved ../served/big.csv && [ $(grep -c "^/big.csv bytes=" ../asked) -ge 3 ]
'
tells "what did not change is not sent again, and what did is a new version" '
	cd proj && "$leat" data add heart $url/heart.csv --json >../out && json ../out "j[\"unchanged\"]" && tail -1 ../asked | grep -q "heart.csv .* \"[0-9a-f]*\"" &&
	echo "1,2" >>../served/heart.csv && "$leat" data add heart $url/heart.csv --profile none --json >../out && json ../out "j[\"version\"][\"version\"] == 2"
'
tells "a server without ranges, an empty file, several files" '
	cd proj && "$leat" data add whole $url/whole.csv -q && "$leat" data get whole w && cmp w/whole.csv ../served/whole.csv &&
	"$leat" data add two $url/x.csv $url/empty.csv -q && "$leat" data files two -q >../out && [ "$(tr "\n" " " <../out)" = "empty.csv x.csv " ] &&
	refuses 2 "two addresses end with the file name" "$leat" data add twice $url/x.csv "$url/x.csv?again"
'
tells "a password goes to its own host only, and into nothing that is kept" '
	cd proj && "$leat" data add secret "http://ann:pl4nted%21@${url#http://}/private/x.csv?token=pl4nted2" -q && "$leat" data show secret --json >../out &&
	json ../out "j[\"sources\"][0][\"address\"].startswith(\"http://ann:***@\") and j[\"sources\"][0][\"address\"].endswith(\"token=***\")" &&
	! grep -rqa pl4nted . && refuses 8 "status 401" "$leat" data add other "http://ann:pl4nted%21@${url#http://}/elsewhere" && ! grep -q pl4nted err
'
tells "what goes wrong is said in plain words" '
	cd proj && refuses 4 "status 404" "$leat" data add x $url/nothing.csv && refuses 6 "more than 5 redirections" "$leat" data add x $url/round &&
	refuses 8 "not http or https" "$leat" data add x $url/file && "$leat" data ls -q >../out && ! grep -qx x ../out
'
finish
