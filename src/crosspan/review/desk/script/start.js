// What is known of the corpus as a whole. Sentences come from the server, one after the other.

const META = JSON.parse(document.getElementById("data").textContent);
