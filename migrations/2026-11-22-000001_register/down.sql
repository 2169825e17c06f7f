DROP TABLE certificates, products, producers, star_bands, product_sets, commune_changes, communes, deployment;
DROP FUNCTION refuse_change();
DROP EXTENSION btree_gist;
