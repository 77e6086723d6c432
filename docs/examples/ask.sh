key="Authorization: Bearer PASSWORD"
api=http://127.0.0.1:8087/comet/api
curl -sS --fail-with-body -H "$key" "$api/users?id=7,8"                                  # online now, or last seen?
curl -sS --fail-with-body -H "$key" "$api/channels/web_demo"                             # how many listen
curl -sS --fail-with-body -H "$key" "$api/channels/web_demo/members"                     # who they are
curl -sS --fail-with-body -H "$key" -H "Content-Type: application/json" \
  -X PUT -d '{"length": 50}' "$api/channels/web_demo"                                    # keep 50 messages
curl -sS --fail-with-body -H "$key" "$api/channels/web_demo/history?limit=10"            # what was said
curl -sS --fail-with-body -H "$key" -X DELETE "$api/users/7/connections"                 # send user 7 away
