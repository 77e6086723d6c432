<?php
require "site.php";

// A real site asks for a password here. This one takes everybody at their word.
$name = trim($_POST["name"] ?? "");
if (preg_match('/^.{1,24}$/u', $name)) {
    session_regenerate_id(true);
    $_SESSION["name"] = $name;
    header("Location: index.php", true, 303);
    exit;
}
?>
<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Chat</title>
  <link rel="stylesheet" href="style.css">

  <h1>Chat</h1>
<?php if (!isset($_SESSION["name"])): ?>
  <form method="post">
    <input name="name" placeholder="Your name" maxlength="24" required autofocus>
    <button>Come in</button>
  </form>
<?php else: ?>
  <p class="note">You are <?= htmlspecialchars($_SESSION["name"]) ?>, and <span id="state">connecting</span>.</p>
  <ol id="messages" data-empty="Nothing said yet."></ol>
  <form id="say">
    <input name="text" placeholder="Say something" maxlength="500" autocomplete="off" required autofocus>
    <button>Send</button>
  </form>
  <script src="http://127.0.0.1:8087/comet/comet.js"></script>
  <script src="chat.js" type="module"></script>
<?php endif ?>
</html>
